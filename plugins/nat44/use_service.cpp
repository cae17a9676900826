// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/use_service.hpp"

#include <fmt/format.h>
#include <rte_cycles.h>

#include <algorithm>

#include "plugins/nat44/nat44.pb.h"
#include "plugins/nat44/record_search.hpp"
#include "plugins/nat44/session_filter.hpp"
#include "plugins/nat44/text.hpp"
#include "vnet/service/convert.hpp"

namespace nat44 {

namespace {

namespace proto = sluice::nat44;
using vnet::service::to_api;

constexpr uint32_t default_top = 20;
constexpr uint32_t most_top = 10'000;

// ---- hosts ----

void describe(vnet::Router& router, const Nat& nat, const Host& host, proto::HostState& state) {
    *state.mutable_address() = to_api(host.address);
    state.set_inside_vrf(router.vrfs().name_of(host.vrf));
    state.set_pool(nat.pool_name(host.pool));
    *state.mutable_outside() = to_api(host.outside);
    state.set_sessions(host.sessions);
    state.set_refused(host.refused);
    std::string blocks;
    for (unsigned block = 0; block < host.blocks; ++block) {
        blocks += fmt::format("{}{}", blocks.empty() ? "" : ", ", host.block[block]);
    }
    state.set_blocks(blocks.empty() ? "-" : blocks);
}

/// Which hosts an operator means.
struct HostFilter {
    static absl::StatusOr<HostFilter> make(vnet::Router& router, const Nat& nat,
                                           const proto::ListHostsRequest& request) {
        HostFilter filter;
        absl::Status status;
        if (request.has_inside()) {
            const auto inside = vnet::service::from_api(request.inside());
            status.Update(inside.status());
            filter.inside = inside.ok() ? std::optional(*inside) : std::nullopt;
        }
        if (request.has_inside_vrf()) {
            const auto vrf = router.vrfs().find(request.inside_vrf());
            status.Update(vrf.status());
            filter.vrf = vrf.ok() ? std::optional(*vrf) : std::nullopt;
        }
        if (request.has_pool()) {
            const auto pool = nat.pool_number(request.pool());
            status.Update(pool.status());
            filter.pool = pool.ok() ? std::optional(*pool) : std::nullopt;
        }
        if (!status.ok()) {
            return status;
        }
        return filter;
    }
    bool matches(const Host& host) const noexcept {
        return (!inside || inside->contains(host.address)) && (!vrf || *vrf == host.vrf) &&
               (!pool || *pool == host.pool);
    }

    std::optional<Ip4Prefix> inside;
    std::optional<Vrf> vrf;
    std::optional<uint16_t> pool;
};

/// Those that have the most sessions of all hosts that are meant, in this order.
class TopHosts {
public:
    TopHosts(vnet::Router& router, const Nat& nat, const HostFilter& filter, size_t top)
        : router_(router), nat_(nat), filter_(filter), top_(top), search_(nat.translators()) {}
    api::Next next(proto::HostState& state) {
        if (!search_.at_end()) {
            search_.look([this](unsigned, const Host& host) {
                if (filter_.matches(host)) {
                    take(host);
                }
            });
            if (search_.at_end()) {
                std::sort_heap(hosts_.begin(), hosts_.end(), is_before);
            }
            return api::Next::later;
        }
        if (shown_ == hosts_.size()) {
            return api::Next::end;
        }
        describe(router_, nat_, hosts_[shown_++], state);
        return api::Next::item;
    }

private:
    static bool is_before(const Host& one, const Host& other) {
        return one.sessions != other.sessions ? one.sessions > other.sessions
                                              : one.address < other.address;
    }
    /// The last one is at the front.
    void take(const Host& host) {
        if (hosts_.size() < top_) {
            hosts_.push_back(host);
        } else if (is_before(host, hosts_.front())) {
            std::pop_heap(hosts_.begin(), hosts_.end(), is_before);
            hosts_.back() = host;
        } else {
            return;
        }
        std::push_heap(hosts_.begin(), hosts_.end(), is_before);
    }

    vnet::Router& router_;
    const Nat& nat_;
    const HostFilter filter_;
    const size_t top_;
    HostSearch search_;
    std::vector<Host> hosts_;
    size_t shown_ = 0;
};

absl::StatusOr<api::SearchSource<proto::HostState>> list_hosts(
    vnet::Router& router, const Nat& nat, const proto::ListHostsRequest& request) {
    const uint32_t top = request.has_top() ? request.top() : default_top;
    if (top == 0 || top > most_top) {
        return absl::OutOfRangeError(
            fmt::format("{} hosts cannot be shown; give 1 to {}", top, most_top));
    }
    const auto filter = HostFilter::make(router, nat, request);
    if (!filter.ok()) {
        return filter.status();
    }
    const auto hosts = std::make_shared<TopHosts>(router, nat, *filter, top);
    return [hosts](proto::HostState& state) { return hosts->next(state); };
}

// ---- addresses ----

/// Adds what the workers keep of an address, where they do.
void describe_ports(const std::vector<std::unique_ptr<AddressState>>& states, vnet::flow::Tick now,
                    proto::AddressUse& use) {
    std::array<uint32_t, port_protocols> ports{};
    uint32_t blocks = 0;
    uint32_t free_blocks = 0;
    bool independent = false;
    bool in_blocks = false;
    for (const auto& state : states) {
        for (size_t protocol = 0; protocol < port_protocols; ++protocol) {
            if (const PortBitmap* bitmap = state->ports[protocol].get()) {
                independent = true;
                ports[protocol] += bitmap->used();
            }
        }
        if (state->held_ports != nullptr) {
            uint32_t& udp = ports[port_protocol(uint8_t(vnet::wire::IpProtocol::udp))];
            udp -= std::min(udp, state->held_ports->over(now));
        }
        if (state->blocks != nullptr) {
            in_blocks = true;
            blocks += state->blocks->blocks();
            free_blocks += state->blocks->free();
            free_blocks += state->held_blocks == nullptr ? 0 : state->held_blocks->over(now);
        }
    }
    if (independent) {
        use.set_tcp_ports(ports[0]);
        use.set_udp_ports(ports[1]);
        use.set_icmp_ports(ports[2]);
    }
    if (in_blocks) {
        use.set_blocks(blocks - std::min(blocks, free_blocks));
        use.set_all_blocks(blocks);
    }
}

/// A row for each address, made when it is asked for.
class AddressRows {
public:
    AddressRows(const Nat& nat, vnet::flow::Tick now, std::vector<Nat::Addresses> ranges)
        : nat_(nat), now_(now), ranges_(std::move(ranges)) {}
    bool next(proto::AddressUse& use) {
        for (; range_ < ranges_.size(); ++range_, at_ = 0) {
            const Nat::Addresses& range = ranges_[range_];
            while (at_ < range.numbers.size()) {
                const size_t at = at_++;
                // By the turn of this row its number may be another address's.
                if (nat_.is_number_of(range.numbers[at], address_of(range, at))) {
                    describe(range, at, use);
                    return true;
                }
            }
        }
        return false;
    }

private:
    static Ip4Address address_of(const Nat::Addresses& range, size_t at) {
        return Ip4Address(uint32_t(range.range.first.value() + at));
    }
    void describe(const Nat::Addresses& range, size_t at, proto::AddressUse& use) const {
        const uint16_t number = range.numbers[at];
        const AddressUse counted = nat_.use_of_address(number);
        use.set_pool(range.pool);
        *use.mutable_address() = to_api(address_of(range, at));
        use.set_sessions(counted.sessions);
        use.set_hosts(counted.hosts);
        const auto pool = nat_.pools().find(range.pool);
        use.set_ports(pool == nat_.pools().end() ? 0 : pool->second.settings.ports.size());
        if (const auto* states = nat_.states_of(number)) {
            describe_ports(*states, now_, use);
        }
        use.set_state(range.leaving ? proto::ADDRESS_STATE_LEAVING : proto::ADDRESS_STATE_IN_USE);
    }

    const Nat& nat_;
    const vnet::flow::Tick now_;
    const std::vector<Nat::Addresses> ranges_;
    size_t range_ = 0;
    size_t at_ = 0;
};

absl::StatusOr<api::ItemSource<proto::AddressUse>> list_addresses(
    const Nat& nat, const proto::ListAddressesRequest& request) {
    auto ranges = nat.addresses();
    if (request.has_pool()) {
        if (const auto pool = nat.pool_number(request.pool()); !pool.ok()) {
            return pool.status();
        }
        std::erase_if(ranges, [&](const auto& range) { return range.pool != request.pool(); });
    }
    std::stable_sort(ranges.begin(), ranges.end(),
                     [](const auto& one, const auto& other) { return one.pool < other.pool; });
    const vnet::flow::Tick now = nat.translators().tables().tick(rte_rdtsc());
    const auto rows = std::make_shared<AddressRows>(nat, now, std::move(ranges));
    return [rows](proto::AddressUse& use) { return rows->next(use); };
}

// ---- mappings ----

/// The filter of sessions, whose fields a mapping has but for whom it speaks with.
absl::StatusOr<SessionFilter> filter_of(vnet::Router& router, const proto::MappingFilter& request) {
    proto::SessionFilter same;
    if (request.has_inside()) {
        *same.mutable_inside() = request.inside();
    }
    if (request.has_outside()) {
        *same.mutable_outside() = request.outside();
    }
    if (request.has_protocol()) {
        same.set_protocol(request.protocol());
    }
    if (request.has_inside_port()) {
        same.set_inside_port(request.inside_port());
    }
    if (request.has_outside_port()) {
        same.set_outside_port(request.outside_port());
    }
    if (request.has_inside_vrf()) {
        same.set_inside_vrf(request.inside_vrf());
    }
    return SessionFilter::make(router, same);
}

class MappingRows {
public:
    MappingRows(vnet::Router& router, const Nat& nat, const SessionFilter& filter)
        : router_(router), nat_(nat), filter_(filter), search_(nat.translators()) {}
    api::Next next(proto::MappingState& state) {
        if (at_ == found_.size()) {
            if (search_.at_end()) {
                return api::Next::end;
            }
            found_.clear();
            at_ = 0;
            search_.look([this](unsigned worker, const Mapping& mapping) {
                if (is_meant(mapping)) {
                    found_.push_back({worker, mapping});
                }
            });
            return api::Next::later;
        }
        describe(found_[at_++], state);
        return api::Next::item;
    }

private:
    struct Found {
        unsigned worker;
        Mapping mapping;
    };
    bool is_meant(const Mapping& mapping) const {
        vnet::flow::Session session{};
        session.forward = mapping.inside;
        session.reverse = mapping.outside;
        return filter_(session);
    }
    void describe(const Found& found, proto::MappingState& state) const {
        const Mapping& mapping = found.mapping;
        state.set_protocol(protocol_text(mapping.inside.protocol));
        state.set_inside(text(End{mapping.inside.source, mapping.inside.ports.source()}));
        state.set_outside(
            text(End{mapping.outside.destination, mapping.outside.ports.destination()}));
        state.set_sessions(mapping.sessions);
        // The place of its host may be another one's by now.
        state.set_pool(nat_.pool_name(mapping.pool()));
        state.set_worker(found.worker);
        state.set_inside_vrf(router_.vrfs().name_of(mapping.inside.vrf));
    }

    vnet::Router& router_;
    const Nat& nat_;
    const SessionFilter filter_;
    MappingSearch search_;
    std::vector<Found> found_;
    size_t at_ = 0;
};

}  // namespace

absl::Status register_use_service(vnet::plugin::Registry& registry, const Nat& nat) {
    vnet::Router& router = registry.router();
    absl::Status status = registry.add_search<proto::ListHostsRequest, proto::HostState>(
        "sluice.nat44.Nat44.ListHosts",
        [&router, &nat](const auto& request) { return list_hosts(router, nat, request); });
    status.Update(registry.add_list<proto::ListAddressesRequest, proto::AddressUse>(
        "sluice.nat44.Nat44.ListAddresses",
        [&nat](const auto& request) { return list_addresses(nat, request); }));
    status.Update(registry.add_search<proto::MappingFilter, proto::MappingState>(
        "sluice.nat44.Nat44.ListMappings",
        [&router,
         &nat](const auto& request) -> absl::StatusOr<api::SearchSource<proto::MappingState>> {
            const auto filter = filter_of(router, request);
            if (!filter.ok()) {
                return filter.status();
            }
            const auto rows = std::make_shared<MappingRows>(router, nat, *filter);
            return [rows](proto::MappingState& state) { return rows->next(state); };
        }));
    return status;
}

}  // namespace nat44
