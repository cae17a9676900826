// SPDX-License-Identifier: Apache-2.0
#include "plugins/loopback/interfaces.hpp"
#include "plugins/loopback/loopback.pb.h"
#include "plugins/loopback/transmit.hpp"
#include "vnet/plugin/registry.hpp"
#include "vnet/service/convert.hpp"

namespace loopback {

namespace {

constexpr const char* add_method = "sluice.loopback.Loopbacks.Add";
using Request = sluice::loopback::AddLoopbackRequest;

absl::StatusOr<sluice::Empty> add(Interfaces& interfaces, const Request& request) {
    std::optional<vnet::wire::MacAddress> mac;
    if (request.has_mac()) {
        const auto given = vnet::service::from_api(request.mac());
        if (!given.ok()) {
            return given.status();
        }
        mac = *given;
    }
    if (absl::Status status = interfaces.add(request.name(), mac); !status.ok()) {
        return status;
    }
    return sluice::Empty();
}

void write_config(const Interfaces& interfaces, const api::config::Emit& emit) {
    for (const Interfaces::Loopback& loopback : interfaces.all()) {
        Request request;
        request.set_name(loopback.name);
        if (loopback.mac) {
            *request.mutable_mac() = vnet::service::to_api(*loopback.mac);
        }
        emit(add_method, request);
    }
}

}  // namespace

absl::Status register_plugin(vnet::plugin::Registry& registry) {
    const auto node = registry.add_node(std::make_shared<const Transmit>(registry.interfaces()));
    absl::Status status = node.status();
    status.Update(registry.add_interface_kind(Interfaces::kind, std::string(Transmit::info.name)));
    if (!status.ok()) {
        return status;
    }
    const auto interfaces = std::make_shared<Interfaces>(registry.interfaces(), *node);
    registry.keep(interfaces);
    registry.add_config(
        [interfaces = interfaces.get()](const auto& emit) { write_config(*interfaces, emit); });
    return registry.add_unary<Request, sluice::Empty>(
        add_method,
        [interfaces = interfaces.get()](const auto& request) { return add(*interfaces, request); });
}

}  // namespace loopback
