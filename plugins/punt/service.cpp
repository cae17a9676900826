// SPDX-License-Identifier: Apache-2.0
#include "plugins/punt/service.hpp"

#include <fmt/format.h>

#include "plugins/punt/punt.pb.h"
#include "vnet/service/convert.hpp"

namespace punt {

namespace {

namespace proto = sluice::punt;
using vnet::punt::Class;
using vnet::punt::Limits;

constexpr uint32_t most_rate = 10'000'000;

using vnet::service::done;

/// The API's classes are numbered as the limits' are.
absl::StatusOr<Class> class_of(proto::Class one) {
    static_assert(int(proto::CLASS_OTHER) == int(Class::other));
    static_assert(int(proto::CLASS_NEIGHBOR) == int(Class::neighbor));
    if (!proto::Class_IsValid(one)) {
        return absl::InvalidArgumentError(
            fmt::format("{} is not a class; `show punt` lists those", int(one)));
    }
    return Class(one);
}

absl::Status set_class(Limits& limits, const proto::SetClassRequest& request) {
    const auto one = class_of(request.class_());
    if (!one.ok()) {
        return one.status();
    }
    if (request.rate() > most_rate) {
        return absl::OutOfRangeError(
            fmt::format("rate {} is out of range; give 0 to {}", request.rate(), most_rate));
    }
    limits.set_rate(*one, request.rate());
    return absl::OkStatus();
}

absl::Status reset_class(Limits& limits, const proto::ResetClassRequest& request) {
    const auto one = class_of(request.class_());
    if (one.ok()) {
        limits.set_rate(*one, vnet::punt::usual_rate(*one));
    }
    return one.status();
}

std::vector<proto::ClassState> states(const Limits& limits) {
    std::vector<proto::ClassState> all;
    for (size_t i = 0; i < vnet::punt::class_count; ++i) {
        const Limits::Counts counts = limits.counts(Class(i));
        proto::ClassState& state = all.emplace_back();
        state.set_class_(proto::Class(i));
        state.set_rate(limits.rate(Class(i)));
        state.set_passed(counts.passed);
        state.set_limited(counts.limited);
    }
    return all;
}

void write_config(const KernelInterface& kernel, const Limits& limits,
                  const api::config::Emit& emit) {
    if (const auto info = kernel.info()) {
        proto::AddKernelInterfaceRequest request;
        request.set_name(info->name);
        emit("sluice.punt.Punt.AddKernelInterface", request);
    }
    for (size_t i = 0; i < vnet::punt::class_count; ++i) {
        if (limits.rate(Class(i)) != vnet::punt::usual_rate(Class(i))) {
            proto::SetClassRequest request;
            request.set_class_(proto::Class(i));
            request.set_rate(limits.rate(Class(i)));
            emit("sluice.punt.Punt.SetClass", request);
        }
    }
}

std::vector<proto::KernelInterface> interfaces(const KernelInterface& kernel) {
    std::vector<proto::KernelInterface> all;
    if (const auto info = kernel.info()) {
        proto::KernelInterface& message = all.emplace_back();
        message.set_name(info->name);
        message.set_host_interface(info->host_interface);
        message.set_addresses(uint32_t(info->addresses));
        message.set_problem(info->problem);
    }
    return all;
}

/// A family of one counter for each class.
absl::Status add_counter(vnet::plugin::Registry& registry, const char* name, const char* help,
                         uint64_t Limits::Counts::*counter) {
    return registry.add_metrics(
        {name, api::metrics::Kind::counter, "packets", help, {"class"}},
        [&limits = registry.router().punt_limits(), counter](api::metrics::Samples& samples) {
            for (size_t i = 0; i < vnet::punt::class_count; ++i) {
                samples.add({vnet::punt::name(Class(i))}, limits.counts(Class(i)).*counter);
            }
        });
}

}  // namespace

absl::Status register_service(vnet::plugin::Registry& registry, KernelInterface& kernel) {
    Limits& limits = registry.router().punt_limits();
    registry.add_config(
        [&kernel, &limits](const api::config::Emit& emit) { write_config(kernel, limits, emit); });
    absl::Status status = registry.add_unary<proto::AddKernelInterfaceRequest, sluice::Empty>(
        "sluice.punt.Punt.AddKernelInterface",
        [&kernel](const auto& request) { return done(kernel.add(request.name())); });
    status.Update(registry.add_unary<proto::SetClassRequest, sluice::Empty>(
        "sluice.punt.Punt.SetClass",
        [&limits](const auto& request) { return done(set_class(limits, request)); }));
    status.Update(registry.add_unary<proto::ResetClassRequest, sluice::Empty>(
        "sluice.punt.Punt.ResetClass",
        [&limits](const auto& request) { return done(reset_class(limits, request)); }));
    status.Update(registry.add_list<proto::ListClassesRequest, proto::ClassState>(
        "sluice.punt.Punt.List",
        [&limits](const auto&) -> absl::StatusOr<api::ItemSource<proto::ClassState>> {
            return api::items(states(limits));
        }));
    status.Update(registry.add_list<proto::ListKernelInterfacesRequest, proto::KernelInterface>(
        "sluice.punt.Punt.ListKernelInterfaces",
        [&kernel](const auto&) -> absl::StatusOr<api::ItemSource<proto::KernelInterface>> {
            return api::items(interfaces(kernel));
        }));
    status.Update(add_counter(registry, "sluice_punt_passed_packets",
                              "Packets for the router itself that were let pass.",
                              &Limits::Counts::passed));
    status.Update(add_counter(registry, "sluice_punt_limited_packets",
                              "Packets for the router itself that were too many in their second.",
                              &Limits::Counts::limited));
    return status;
}

}  // namespace punt
