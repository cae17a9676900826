// SPDX-License-Identifier: Apache-2.0
#include "vnet/proto/interface.pb.h"
#include "vnet/service/convert.hpp"
#include "vnet/service/describe.hpp"
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

absl::StatusOr<sluice::Empty> add_port(Router& router, const sluice::AddPortRequest& request) {
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
    if (!index.ok()) {
        return index.status();
    }
    return sluice::Empty();
}

absl::StatusOr<sluice::Empty> add_tap(Router& router, const sluice::AddTapRequest& request) {
    device::TapOptions options;
    options.host_interface = request.host_interface();
    auto index = router.interfaces().add(request.name(), [&](interface::Index given) {
        return router.taps().create(given, options);
    });
    if (!index.ok()) {
        return index.status();
    }
    return sluice::Empty();
}

absl::StatusOr<sluice::Empty> add_null(Router& router, const sluice::AddNullRequest& request) {
    auto index = router.interfaces().add(
        request.name(),
        [&](interface::Index) -> absl::StatusOr<std::unique_ptr<interface::Device>> {
            return router.nulls().create();
        });
    if (!index.ok()) {
        return index.status();
    }
    return sluice::Empty();
}

absl::StatusOr<sluice::Empty> set(Router& router, const sluice::SetInterfaceRequest& request) {
    interface::Table& table = router.interfaces();
    auto interface = table.find(request.name());
    if (!interface.ok()) {
        return interface.status();
    }
    const int asked = request.has_state() + request.has_mtu() + request.has_mac();
    if (asked != 1) {
        return absl::InvalidArgumentError(fmt::format(
            "one thing is set at a time, the state, the MTU or the MAC address; {} were given",
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
    } else {
        auto mac = from_api(request.mac());
        status = mac.ok() ? table.set_mac(request.name(), *mac) : mac.status();
    }
    if (!status.ok()) {
        return status;
    }
    return sluice::Empty();
}

sluice::Interface describe(Router& router, const interface::Interface& interface) {
    sluice::Interface message = service::describe(interface, router.addresses());
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

absl::Status register_interfaces(api::Registry& registry, Router& router) {
    absl::Status status;
    status.Update(registry.add_unary<sluice::AddPortRequest, sluice::Empty>(
        "sluice.Interfaces.AddPort",
        [&router](const auto& request) { return add_port(router, request); }));
    status.Update(registry.add_unary<sluice::AddTapRequest, sluice::Empty>(
        "sluice.Interfaces.AddTap",
        [&router](const auto& request) { return add_tap(router, request); }));
    status.Update(registry.add_unary<sluice::AddNullRequest, sluice::Empty>(
        "sluice.Interfaces.AddNull",
        [&router](const auto& request) { return add_null(router, request); }));
    status.Update(registry.add_unary<sluice::DeleteInterfaceRequest, sluice::Empty>(
        "sluice.Interfaces.Delete",
        [&router](const auto& request) -> absl::StatusOr<sluice::Empty> {
            if (auto removed = router.interfaces().remove(request.name()); !removed.ok()) {
                return removed;
            }
            return sluice::Empty();
        }));
    status.Update(registry.add_unary<sluice::SetInterfaceRequest, sluice::Empty>(
        "sluice.Interfaces.Set", [&router](const auto& request) { return set(router, request); }));
    status.Update(registry.add_list<sluice::ListInterfacesRequest, sluice::Interface>(
        "sluice.Interfaces.List",
        [&router](const auto& request) { return list(router, request); }));
    status.Update(registry.add_list<sluice::ListDeviceCountersRequest, sluice::DeviceCounter>(
        "sluice.Interfaces.ListDeviceCounters",
        [&router](const auto& request) { return list_counters(router, request); }));
    return status;
}

}  // namespace vnet::service
