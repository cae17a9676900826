// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "vnet/proto/trace.pb.h"
#include "vnet/service/explain.hpp"
#include "vnet/service/services.hpp"
#include "vnet/service/traces.hpp"

namespace vnet::service {

namespace {
size_t wanted(const sluice::ListTraceRequest& request) {
    return request.has_packets() ? request.packets() : Traces::most_packets;
}
}  // namespace

absl::Status register_trace(api::Registry& registry, Router& router) {
    auto traces = std::make_shared<Traces>(router);
    absl::Status status;
    status.Update(registry.add_unary<sluice::AddTraceRequest, sluice::Empty>(
        "sluice.Trace.Add", [traces](const auto& request) -> absl::StatusOr<sluice::Empty> {
            if (auto added = traces->add(request); !added.ok()) {
                return added;
            }
            return sluice::Empty();
        }));
    status.Update(registry.add_list<sluice::ListTraceRequest, sluice::TracedPacket>(
        "sluice.Trace.List",
        [traces](const auto& request) -> absl::StatusOr<api::ItemSource<sluice::TracedPacket>> {
            return api::items(traces->list(wanted(request)));
        }));
    status.Update(registry.add_unary<sluice::ListTraceRequest, sluice::TraceText>(
        "sluice.Trace.Show", [traces](const auto& request) -> absl::StatusOr<sluice::TraceText> {
            sluice::TraceText reply;
            const auto packets = traces->list(wanted(request));
            reply.set_text(Traces::text(packets));
            reply.set_lost(traces->lost());
            if (reply.lost() != 0) {
                reply.mutable_text()->append(fmt::format(
                    "{} steps found no room; trace fewer packets, or show them sooner\n",
                    reply.lost()));
            }
            reply.mutable_packets()->Add(packets.begin(), packets.end());
            return reply;
        }));
    status.Update(registry.add_unary<sluice::ClearTraceRequest, sluice::Empty>(
        "sluice.Trace.Clear", [traces](const auto&) -> absl::StatusOr<sluice::Empty> {
            traces->clear();
            return sluice::Empty();
        }));
    return status;
}

absl::Status register_explain(api::Registry& registry, Router& router) {
    return registry.add_unary<sluice::ExplainRequest, sluice::Explanation>(
        "sluice.Explain.Packet",
        [&router](const auto& request) { return Explain(router).packet(request); });
}

}  // namespace vnet::service
