// SPDX-License-Identifier: Apache-2.0
#include "plugins/host/testing/good.pb.h"
#include "plugins/host/testing/nodes.hpp"
#include "vnet/plugin/registry.hpp"

namespace good {

absl::Status register_plugin(vnet::plugin::Registry& registry) {
    const auto sieve = registry.add_node(std::make_shared<const plugins::host::testing::Sieve>());
    if (!sieve.ok()) {
        return sieve.status();
    }
    const auto heard = std::make_shared<int>(0);
    registry.keep(heard);
    registry.observe_interfaces([heard](const auto&, auto) { ++*heard; });
    absl::Status status = registry.add_feature("device-input", {"good-sieve", {}, {}});
    status.Update(registry.add_unary<sluice::good::EchoRequest, sluice::good::EchoReply>(
        "sluice.good.Good.Echo",
        [heard](const auto& request) -> absl::StatusOr<sluice::good::EchoReply> {
            sluice::good::EchoReply reply;
            reply.set_text(request.text() + " " + std::to_string(*heard));
            return reply;
        }));
    return status;
}

}  // namespace good
