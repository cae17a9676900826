// SPDX-License-Identifier: Apache-2.0
#include "graph/driver.hpp"
#include "plugins/host/testing/pass.pb.h"
#include "vnet/plugin/registry.hpp"

namespace pass {

namespace {

constexpr const char* arc = "ip4-unicast";

struct Through {
    static constexpr auto info = graph::node("pass-through");
    graph::Hop operator()(graph::Packet& packet, graph::Dispatch& dispatch) const noexcept {
        return dispatch.next_feature(packet);
    }
};

}  // namespace

absl::Status register_plugin(vnet::plugin::Registry& registry) {
    absl::Status status = registry.add_node(std::make_shared<const Through>()).status();
    status.Update(registry.add_feature(arc, {"pass-through", {}, {}}));
    status.Update(registry.add_unary<sluice::pass::SetRequest, sluice::Empty>(
        "sluice.pass.Pass.Set",
        [&registry](const sluice::pass::SetRequest& request) -> absl::StatusOr<sluice::Empty> {
            const auto interface = registry.interfaces().find(request.interface());
            if (!interface.ok()) {
                return interface.status();
            }
            const bool on = request.state() == sluice::pass::STATE_ON;
            absl::Status set =
                registry.engine().graph().set_feature(arc, "pass-through", (*interface)->index, on);
            if (!set.ok()) {
                return set;
            }
            return sluice::Empty();
        }));
    return status;
}

}  // namespace pass
