// SPDX-License-Identifier: Apache-2.0
#include "vnet/proto/interface.pb.h"
#include "vnet/service/configured_routes.hpp"
#include "vnet/service/convert.hpp"
#include "vnet/service/describe.hpp"
#include "vnet/service/interface_statements.hpp"
#include "vnet/service/own_addresses.hpp"
#include "vnet/service/services.hpp"

namespace vnet::service {

namespace {

/// What the link carried or the peer said may be anything; what the operator typed is a number of
/// queues.
constexpr uint32_t most_queues = 64;

absl::Status check_queues(const char* what, uint32_t queues) {
    if (queues == 0 || queues > most_queues) {
        return absl::OutOfRangeError(
            fmt::format("{} {} are out of range; give 1 to {}", queues, what, most_queues));
    }
    return absl::OkStatus();
}

/// What making an interface answers; what was made is kept for the configuration.
template <class Request>
absl::StatusOr<sluice::Empty> made(InterfaceStatements& statements,
                                   const absl::StatusOr<interface::Index>& index,
                                   std::string_view method, const Request& request) {
    if (!index.ok()) {
        return index.status();
    }
    statements.made.keep(request.name(), method, request);
    return sluice::Empty();
}

absl::StatusOr<sluice::Empty> add_port(Router& router, InterfaceStatements& statements,
                                       const sluice::AddPortRequest& request) {
    device::PortOptions options;
    options.devargs = request.device();
    if (request.has_rx_queues()) {
        if (auto status = check_queues("receive queues", request.rx_queues()); !status.ok()) {
            return status;
        }
        options.rx_queues = request.rx_queues();
    }
    if (request.has_tx_queues()) {
        if (auto status = check_queues("transmit queues", request.tx_queues()); !status.ok()) {
            return status;
        }
        options.tx_queues = request.tx_queues();
    }
    auto index = router.interfaces().add(request.name(), [&](interface::Index given) {
        return router.ports().create(given, options);
    });
    return made(statements, index, "sluice.Interfaces.AddPort", request);
}

absl::StatusOr<sluice::Empty> add_tap(Router& router, InterfaceStatements& statements,
                                      const sluice::AddTapRequest& request) {
    device::TapOptions options;
    options.host_interface = request.host_interface();
    auto index = router.interfaces().add(request.name(), [&](interface::Index given) {
        return router.taps().create(given, options);
    });
    return made(statements, index, "sluice.Interfaces.AddTap", request);
}

absl::StatusOr<sluice::Empty> add_null(Router& router, InterfaceStatements& statements,
                                       const sluice::AddNullRequest& request) {
    auto index = router.interfaces().add(
        request.name(),
        [&](interface::Index) -> absl::StatusOr<std::unique_ptr<interface::Device>> {
            return router.nulls().create();
        });
    return made(statements, index, "sluice.Interfaces.AddNull", request);
}

absl::StatusOr<sluice::Empty> set(Router& router, InterfaceStatements& statements,
                                  ConfiguredRoutes& routes,
                                  const sluice::SetInterfaceRequest& request) {
    interface::Table& table = router.interfaces();
    auto interface = table.find(request.name());
    if (!interface.ok()) {
        return interface.status();
    }
    const int asked =
        request.has_state() + request.has_mtu() + request.has_mac() + request.has_vrf();
    if (asked != 1) {
        return absl::InvalidArgumentError(fmt::format(
            "one thing is set at a time, the state, the MTU, the MAC address or the VRF; {} were "
            "given",
            asked));
    }
    absl::Status status;
    if (request.has_state()) {
        if (!sluice::InterfaceState_IsValid(request.state())) {
            return absl::InvalidArgumentError(
                fmt::format("{} is not a state; it is up or down", int(request.state())));
        }
        status = table.set_up(request.name(), request.state() == sluice::INTERFACE_STATE_UP);
    } else if (request.has_mtu()) {
        status = table.set_mtu(request.name(), request.mtu());
    } else if (request.has_vrf()) {
        status = set_vrf(router, routes, request.name(), request.vrf());
    } else {
        auto mac = from_api(request.mac());
        status = mac.ok() ? table.set_mac(request.name(), *mac) : mac.status();
    }
    if (!status.ok()) {
        return status;
    }
    if (request.has_mtu()) {
        statements.mtu.keep(request.name(), "sluice.Interfaces.Set", request);
    } else if (request.has_mac()) {
        statements.mac.keep(request.name(), "sluice.Interfaces.Set", request);
    }
    return sluice::Empty();
}

absl::StatusOr<sluice::Empty> reset(Router& router, InterfaceStatements& statements,
                                    ConfiguredRoutes& routes,
                                    const sluice::ResetInterfaceRequest& request) {
    interface::Table& table = router.interfaces();
    auto interface = table.find(request.name());
    if (!interface.ok()) {
        return interface.status();
    }
    absl::Status status;
    switch (request.setting()) {
        case sluice::INTERFACE_SETTING_MTU:
            if (status = table.reset_mtu(request.name()); status.ok()) {
                statements.mtu.forget(request.name());
            }
            break;
        case sluice::INTERFACE_SETTING_MAC:
            if (status = table.set_mac(request.name(), statements.original_mac(request.name()));
                status.ok()) {
                statements.mac.forget(request.name());
            }
            break;
        case sluice::INTERFACE_SETTING_VRF:
            status = reset_vrf(router, routes, (*interface)->index);
            break;
        default:
            status = absl::InvalidArgumentError(
                fmt::format("{} is not a setting; it is mtu, mac or vrf", int(request.setting())));
    }
    if (!status.ok()) {
        return status;
    }
    return sluice::Empty();
}

sluice::Interface describe(Router& router, const interface::Interface& interface) {
    sluice::Interface message =
        service::describe(interface, *router.ip4().addresses, *router.ip6().addresses,
                          router.link_locals(), router.vrfs().name_of(interface.vrf));
    const interface::Totals totals = router.interfaces().totals(interface.index);
    message.set_rx_packets(totals.rx_packets);
    message.set_rx_bytes(totals.rx_bytes);
    message.set_tx_packets(totals.tx_packets);
    message.set_tx_bytes(totals.tx_bytes);
    message.set_tx_full(totals.tx_full);
    message.set_rx_missed(totals.rx_missed);
    message.set_rx_no_buffer(totals.rx_no_buffer);
    return message;
}

absl::StatusOr<api::ItemSource<sluice::Interface>> list(
    Router& router, const sluice::ListInterfacesRequest& request) {
    std::vector<sluice::Interface> all;
    if (request.has_name()) {
        auto interface = router.interfaces().find(request.name());
        if (!interface.ok()) {
            return interface.status();
        }
        all.push_back(describe(router, **interface));
    } else {
        for (const auto& [index, interface] : router.interfaces().all()) {
            all.push_back(describe(router, interface));
        }
    }
    return api::items(std::move(all));
}

absl::StatusOr<api::ItemSource<sluice::DeviceCounter>> list_counters(
    Router& router, const sluice::ListDeviceCountersRequest& request) {
    auto interface = router.interfaces().find(request.name());
    if (!interface.ok()) {
        return interface.status();
    }
    std::vector<sluice::DeviceCounter> all;
    for (const auto& [name, value] : (*interface)->device->device_counters()) {
        sluice::DeviceCounter& counter = all.emplace_back();
        counter.set_name(name);
        counter.set_value(value);
    }
    return api::items(std::move(all));
}

}  // namespace

absl::Status register_interfaces(api::Registry& registry, Router& router,
                                 std::shared_ptr<ConfiguredRoutes> configured) {
    const auto statements = InterfaceStatements::create(router.interfaces());
    registry.config().add("interfaces", [&router, statements](const auto& emit) {
        statements->write(emit);
        for (const auto& [name, index] : by_name(router.interfaces())) {
            if (const interface::Vrf vrf = router.interfaces().vrf_of(index);
                vrf != interface::default_vrf) {
                sluice::SetInterfaceRequest request;
                request.set_name(name);
                request.set_vrf(router.vrfs().name_of(vrf));
                emit("sluice.Interfaces.Set", request);
            }
        }
    });
    absl::Status status;
    status.Update(registry.add_unary<sluice::AddPortRequest, sluice::Empty>(
        "sluice.Interfaces.AddPort", [&router, statements](const auto& request) {
            return add_port(router, *statements, request);
        }));
    status.Update(registry.add_unary<sluice::AddTapRequest, sluice::Empty>(
        "sluice.Interfaces.AddTap", [&router, statements](const auto& request) {
            return add_tap(router, *statements, request);
        }));
    status.Update(registry.add_unary<sluice::AddNullRequest, sluice::Empty>(
        "sluice.Interfaces.AddNull", [&router, statements](const auto& request) {
            return add_null(router, *statements, request);
        }));
    status.Update(registry.add_unary<sluice::DeleteInterfaceRequest, sluice::Empty>(
        "sluice.Interfaces.Delete",
        [&router](const auto& request) -> absl::StatusOr<sluice::Empty> {
            if (auto removed = router.interfaces().remove(request.name()); !removed.ok()) {
                return removed;
            }
            return sluice::Empty();
        }));
    status.Update(registry.add_unary<sluice::SetInterfaceRequest, sluice::Empty>(
        "sluice.Interfaces.Set", [&router, statements, configured](const auto& request) {
            return set(router, *statements, *configured, request);
        }));
    status.Update(registry.add_unary<sluice::ResetInterfaceRequest, sluice::Empty>(
        "sluice.Interfaces.Reset", [&router, statements, configured](const auto& request) {
            return reset(router, *statements, *configured, request);
        }));
    status.Update(registry.add_list<sluice::ListInterfacesRequest, sluice::Interface>(
        "sluice.Interfaces.List",
        [&router](const auto& request) { return list(router, request); }));
    status.Update(registry.add_list<sluice::ListDeviceCountersRequest, sluice::DeviceCounter>(
        "sluice.Interfaces.ListDeviceCounters",
        [&router](const auto& request) { return list_counters(router, request); }));
    return status;
}

}  // namespace vnet::service
