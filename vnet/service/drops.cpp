// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "graph/wall_clock.hpp"
#include "vnet/proto/drops.pb.h"
#include "vnet/service/packet_text.hpp"
#include "vnet/service/past_names.hpp"
#include "vnet/service/services.hpp"

namespace vnet::service {

namespace {

constexpr uint32_t usual_last = 50;

/// What reading the recorders needs beside the router.
struct Context {
    explicit Context(interface::Table& interfaces) : names(interfaces) {}

    graph::WallClock clock;
    PastNames names;
};

/// Which drops are asked for.
struct Wanted {
    const PastNames& names;
    std::vector<bool> reasons;
    std::optional<std::string> interface;

    bool operator()(const graph::DropRecord& record) const {
        const graph::Metadata& meta = record.meta;
        return (reasons.empty() || (meta.drop < reasons.size() && reasons[meta.drop])) &&
               (!interface || names.at(meta.rx_interface, record.tsc) == *interface ||
                names.at(meta.tx_interface, record.tsc) == *interface);
    }
};

absl::StatusOr<Wanted> wanted(Router& router, const PastNames& names,
                              const sluice::ListDropsRequest& request) {
    Wanted wanted{names, {}, {}};
    if (request.has_last() && request.last() == 0) {
        return absl::OutOfRangeError("the last 0 packets are none; give 1 or more");
    }
    if (request.has_reason()) {
        const auto& drops = router.engine().graph().drops();
        std::transform(drops.begin(), drops.end(), std::back_inserter(wanted.reasons),
                       [&](const graph::DropInfo& drop) { return drop.name == request.reason(); });
        if (std::count(wanted.reasons.begin(), wanted.reasons.end(), true) == 0) {
            return absl::NotFoundError(fmt::format(
                "no node drops packets for '{}'; `show errors` has the reasons that occurred, "
                "`show node NODE` those of a node",
                request.reason()));
        }
    }
    if (request.has_interface()) {
        if (!names.knows(request.interface())) {
            return router.interfaces().find(request.interface()).status();
        }
        wanted.interface = request.interface();
    }
    return wanted;
}

sluice::DroppedPacket message_of(Router& router, const Context& context,
                                 const graph::DropRecord& record) {
    const graph::Graph& graph = router.engine().graph();
    const graph::DropInfo& drop = graph.drops()[record.meta.drop];
    const std::span<const std::byte> bytes(record.bytes.data(), record.captured);
    sluice::DroppedPacket message;
    message.set_time(time_text(context.clock.unix_ns(record.tsc)));
    message.set_rx_interface(context.names.at(record.meta.rx_interface, record.tsc));
    message.set_tx_interface(context.names.at(record.meta.tx_interface, record.tsc));
    message.set_node(graph.name_of(drop.node));
    message.set_reason(drop.name);
    message.set_meaning(drop.meaning);
    message.set_packet(packet_text(record.meta, bytes));
    message.set_length(record.length);
    if (record.lane < router.engine().workers().size()) {
        message.set_worker(record.lane);
    }
    message.mutable_bytes()->set_value(bytes.data(), bytes.size());
    return message;
}

absl::StatusOr<api::ItemSource<sluice::DroppedPacket>> drops(
    Router& router, Context& context, const sluice::ListDropsRequest& request) {
    const auto which = wanted(router, context.names, request);
    if (!which.ok()) {
        return which.status();
    }
    std::vector<graph::DropRecord> records = router.engine().dropped_packets();
    std::erase_if(records, [&](const graph::DropRecord& record) { return !(*which)(record); });
    const size_t last = request.has_last() ? request.last() : usual_last;
    context.clock.refresh();
    std::vector<sluice::DroppedPacket> all;
    for (size_t i = records.size() - std::min(last, records.size()); i < records.size(); ++i) {
        all.push_back(message_of(router, context, records[i]));
    }
    return api::items(std::move(all));
}

}  // namespace

absl::Status register_drops(api::Registry& registry, Router& router) {
    const auto context = std::make_shared<Context>(router.interfaces());
    return registry.add_list<sluice::ListDropsRequest, sluice::DroppedPacket>(
        "sluice.Drops.List",
        [&router, context](const auto& request) { return drops(router, *context, request); });
}

}  // namespace vnet::service
