// SPDX-License-Identifier: Apache-2.0
#include "plugins/pg/service.hpp"

#include <fmt/format.h>

#include <utility>

#include "plugins/pg/pg.pb.h"
#include "plugins/pg/statements.hpp"
#include "vnet/service/convert.hpp"

namespace pg {

namespace {

namespace proto = sluice::pg;
using vnet::service::done;
using vnet::service::from_api;
using vnet::wire::IpProtocol;

absl::StatusOr<std::optional<vnet::wire::MacAddress>> mac_of(bool has,
                                                             const sluice::MacAddress& mac) {
    if (!has) {
        return std::nullopt;
    }
    auto address = from_api(mac);
    if (!address.ok()) {
        return address.status();
    }
    return *address;
}

template <class Request>
FeedRequest feed_of(const Request& request) {
    FeedRequest feed{request.name(), request.interface(), {}, {}, {}};
    if (request.has_rate()) {
        feed.rate = request.rate();
    }
    if (request.has_vector()) {
        feed.vector = request.vector();
    }
    if (request.has_worker()) {
        feed.worker = request.worker();
    }
    return feed;
}

absl::StatusOr<IpProtocol> protocol_of(const proto::AddStreamRequest& request) {
    switch (request.protocol()) {
        case proto::PROTOCOL_UDP:
            return IpProtocol::udp;
        case proto::PROTOCOL_TCP:
            return IpProtocol::tcp;
        case proto::PROTOCOL_ICMP:
            break;
        default:
            return absl::InvalidArgumentError(fmt::format(
                "{} is not a protocol; it is udp, tcp or icmp", int(request.protocol())));
    }
    if (request.has_source_port() || request.has_source_ports() || request.has_destination_port() ||
        request.has_destination_ports()) {
        return absl::InvalidArgumentError(
            "icmp packets have no ports; leave them out, or give protocol udp or tcp");
    }
    return IpProtocol::icmp;
}

/// First addresses, of one family.
absl::Status take_addresses(const proto::AddStreamRequest& request, PacketSpec& spec) {
    using vnet::service::with_address;
    using Ip6 = vnet::wire::Ip6Address;
    const auto is_ip6 = [](bool has, const sluice::IpAddress& address) {
        return has && address.family_case() == sluice::IpAddress::kIp6;
    };
    const bool source6 = is_ip6(request.has_source(), request.source());
    const bool destination6 = is_ip6(request.has_destination(), request.destination());
    if (source6 != destination6 && request.has_source() && request.has_destination()) {
        return absl::InvalidArgumentError(
            "no packet goes from an address of one family to one of the other; give both of IPv4, "
            "or both of IPv6");
    }
    if (source6 || destination6) {
        spec.ip6.emplace();
        spec.source.first = spec.destination.first = 0;
    }
    const auto take = [](const sluice::IpAddress& from, uint32_t& first, Ip6* first6) {
        return with_address(from, [&](auto address) -> absl::Status {
            if constexpr (std::is_same_v<decltype(address), Ip6>) {
                *first6 = address;
            } else {
                first = address.value();
            }
            return absl::OkStatus();
        });
    };
    absl::Status status;
    if (request.has_source()) {
        status.Update(
            take(request.source(), spec.source.first, spec.ip6 ? &spec.ip6->source : nullptr));
    }
    if (request.has_destination()) {
        status.Update(take(request.destination(), spec.destination.first,
                           spec.ip6 ? &spec.ip6->destination : nullptr));
    }
    return status;
}

absl::StatusOr<PacketSpec> spec_of(const proto::AddStreamRequest& request) {
    PacketSpec spec;
    const auto take = [](bool has, uint32_t value, uint32_t& into) {
        if (has) {
            into = value;
        }
    };
    take(request.has_sources(), request.sources(), spec.source.count);
    take(request.has_source_step(), request.source_step(), spec.source.step);
    take(request.has_destinations(), request.destinations(), spec.destination.count);
    take(request.has_destination_step(), request.destination_step(), spec.destination.step);
    take(request.has_source_port(), request.source_port(), spec.source_port.first);
    take(request.has_source_ports(), request.source_ports(), spec.source_port.count);
    take(request.has_destination_port(), request.destination_port(), spec.destination_port.first);
    take(request.has_destination_ports(), request.destination_ports(), spec.destination_port.count);
    take(request.has_ttl(), request.ttl(), spec.ttl);
    const auto protocol = protocol_of(request);
    if (!protocol.ok()) {
        return protocol.status();
    }
    spec.protocol = *protocol;
    if (const absl::Status status = take_addresses(request, spec); !status.ok()) {
        return status;
    }
    spec.size = request.has_size() ? request.size() : spec.least();
    const auto source_mac = mac_of(request.has_source_mac(), request.source_mac());
    const auto destination_mac = mac_of(request.has_destination_mac(), request.destination_mac());
    if (!source_mac.ok() || !destination_mac.ok()) {
        return source_mac.ok() ? destination_mac.status() : source_mac.status();
    }
    spec.source_mac = source_mac->value_or(spec.source_mac);
    spec.destination_mac = *destination_mac;
    if (!proto::Order_IsValid(request.order())) {
        return absl::InvalidArgumentError(
            fmt::format("{} is not an order; it is stepped or random", int(request.order())));
    }
    spec.random = request.order() == proto::ORDER_RANDOM;
    if (request.has_seed()) {
        spec.seed = request.seed();
    }
    return spec;
}

absl::StatusOr<sluice::Empty> add_interface(Interfaces& interfaces,
                                            const proto::AddInterfaceRequest& request) {
    const auto mac = mac_of(request.has_mac(), request.mac());
    return mac.ok() ? done(interfaces.add(request.name(), *mac)) : mac.status();
}

absl::StatusOr<sluice::Empty> add_stream(Generators& generators,
                                         const proto::AddStreamRequest& request) {
    const auto spec = spec_of(request);
    if (!spec.ok()) {
        return spec.status();
    }
    const auto packets = request.has_packets() ? std::optional(request.packets()) : std::nullopt;
    return done(generators.add_stream(feed_of(request), packets, *spec));
}

absl::StatusOr<sluice::Empty> add_replay(Generators& generators,
                                         const proto::AddReplayRequest& request) {
    const auto mac = mac_of(request.has_destination_mac(), request.destination_mac());
    if (!mac.ok()) {
        return mac.status();
    }
    const uint64_t loops = request.has_loops() ? request.loops() : 1;
    return done(generators.add_replay(feed_of(request), request.file(), loops, *mac));
}

proto::GeneratorState to_api(Generators::State state) {
    switch (state) {
        case Generators::State::running:
            return proto::GENERATOR_STATE_RUNNING;
        case Generators::State::waiting:
            return proto::GENERATOR_STATE_WAITING;
        case Generators::State::done:
            return proto::GENERATOR_STATE_DONE;
        case Generators::State::stopped:
            break;
    }
    return proto::GENERATOR_STATE_STOPPED;
}

api::ItemSource<proto::Generator> list(const Generators& generators) {
    std::vector<proto::Generator> all;
    for (const Generators::Info& info : generators.list()) {
        proto::Generator& message = all.emplace_back();
        message.set_name(info.name);
        message.set_kind(std::string(info.feed->kind()));
        message.set_interface(info.interface);
        message.set_state(to_api(info.state));
        message.set_sent(info.feed->sent());
        if (info.feed->pace().packets != 0) {
            message.set_packets(info.feed->pace().packets);
        }
        if (info.feed->pace().rate != 0) {
            message.set_rate(info.feed->pace().rate);
        }
        message.set_what(info.feed->what());
        message.set_starved(info.feed->starved());
    }
    return api::items(std::move(all));
}

api::ItemSource<proto::Recording> list_records(const Interfaces& interfaces) {
    std::vector<proto::Recording> all;
    for (const Interfaces::Recording& recording : interfaces.recordings()) {
        proto::Recording& message = all.emplace_back();
        message.set_interface(recording.interface);
        message.set_file(recording.file);
        message.set_packets(recording.packets);
        message.set_overflow(recording.overflow);
        message.set_running(recording.running);
        message.set_error(recording.error);
    }
    return api::items(std::move(all));
}

absl::StatusOr<sluice::Empty> record(Interfaces& interfaces, const proto::RecordRequest& request) {
    if (request.has_packets() && request.packets() == 0) {
        return absl::OutOfRangeError(
            "a recording of 0 packets is none; give 1 or more, or none for without end");
    }
    return done(interfaces.record(request.interface(), request.file(), request.packets()));
}

}  // namespace

absl::Status register_service(vnet::plugin::Registry& registry, Interfaces& interfaces,
                              Generators& generators) {
    const std::string service = "sluice.pg.PacketGenerator.";
    const auto statements = std::make_shared<Statements>(interfaces, generators);
    registry.add_config([statements](const auto& emit) { statements->write(emit); });
    absl::Status status = registry.add_unary<proto::AddInterfaceRequest, sluice::Empty>(
        service + "AddInterface",
        [&interfaces, statements, method = service + "AddInterface"](const auto& request) {
            auto reply = add_interface(interfaces, request);
            if (reply.ok()) {
                statements->made_interface(method, request);
            }
            return reply;
        });
    status.Update(registry.add_unary<proto::AddStreamRequest, sluice::Empty>(
        service + "AddStream",
        [&generators, statements, method = service + "AddStream"](const auto& request) {
            auto reply = add_stream(generators, request);
            if (reply.ok()) {
                statements->made_generator(method, request);
            }
            return reply;
        }));
    status.Update(registry.add_unary<proto::AddReplayRequest, sluice::Empty>(
        service + "AddReplay",
        [&generators, statements, method = service + "AddReplay"](const auto& request) {
            auto reply = add_replay(generators, request);
            if (reply.ok()) {
                statements->made_generator(method, request);
            }
            return reply;
        }));
    status.Update(registry.add_unary<proto::NameRequest, sluice::Empty>(
        service + "Start",
        [&generators](const auto& request) { return done(generators.start(request.name())); }));
    status.Update(registry.add_unary<proto::NameRequest, sluice::Empty>(
        service + "Stop",
        [&generators](const auto& request) { return done(generators.stop(request.name())); }));
    status.Update(registry.add_unary<proto::NameRequest, sluice::Empty>(
        service + "Delete",
        [&generators](const auto& request) { return done(generators.remove(request.name())); }));
    status.Update(registry.add_list<proto::ListRequest, proto::Generator>(
        service + "List",
        [&generators](const auto&) -> absl::StatusOr<api::ItemSource<proto::Generator>> {
            return list(generators);
        }));
    status.Update(registry.add_unary<proto::RecordRequest, sluice::Empty>(
        service + "Record",
        [&interfaces](const auto& request) { return record(interfaces, request); }));
    status.Update(registry.add_unary<proto::StopRecordRequest, sluice::Empty>(
        service + "StopRecord", [&interfaces](const auto& request) {
            return done(interfaces.stop_record(request.interface()));
        }));
    status.Update(registry.add_list<proto::ListRecordsRequest, proto::Recording>(
        service + "ListRecords",
        [&interfaces](const auto&) -> absl::StatusOr<api::ItemSource<proto::Recording>> {
            return list_records(interfaces);
        }));
    return status;
}

}  // namespace pg
