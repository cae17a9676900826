// SPDX-License-Identifier: Apache-2.0
#include "vnet/service/session_filter.hpp"

#include <fmt/format.h>

#include "vnet/service/configured_routes.hpp"
#include "vnet/service/convert.hpp"
#include "vnet/service/flow_match.hpp"

namespace vnet::service {

namespace {

/// Lets only IPv4 pass.
template <class Ip4>
struct OnlyIp4 {
    absl::StatusOr<Ip4> operator()(const Ip4& value) const { return value; }
    template <class Ip6>
    absl::StatusOr<Ip4> operator()(const Ip6& value) const {
        return absl::InvalidArgumentError(
            fmt::format("{} is of IPv6, and sessions are of IPv4; give one of IPv4", value));
    }
};

absl::StatusOr<wire::Ip4Prefix> read_prefix(const sluice::IpPrefix& message) {
    return with_prefix(message, OnlyIp4<wire::Ip4Prefix>());
}

absl::StatusOr<wire::Ip4Address> read_address(const sluice::IpAddress& message) {
    return with_address(message, OnlyIp4<wire::Ip4Address>());
}

template <class Value>
bool is(const std::optional<Value>& wanted, Value one, Value other) noexcept {
    return !wanted || *wanted == one || *wanted == other;
}

bool lies(const std::optional<wire::Ip4Prefix>& prefix, wire::Ip4Address one,
          wire::Ip4Address other) noexcept {
    return !prefix || prefix->contains(one) || prefix->contains(other);
}

}  // namespace

absl::StatusOr<SessionFilter> SessionFilter::make(Router& router,
                                                  const sluice::FlowSessionFilter& request) {
    SessionFilter filter;
    absl::Status status;
    const auto take = [&status](auto& to, auto read) {
        if (read.ok()) {
            to = typename std::decay_t<decltype(to)>::value_type(*read);
        }
        status.Update(read.status());
    };
    if (request.has_source()) {
        take(filter.source_, read_prefix(request.source()));
    }
    if (request.has_destination()) {
        take(filter.destination_, read_prefix(request.destination()));
    }
    if (request.has_address()) {
        take(filter.address_, read_address(request.address()));
    }
    if (request.has_protocol()) {
        take(filter.protocol_, parse_protocol(request.protocol()));
    }
    if (request.has_source_port()) {
        take(filter.source_port_, check_port(request.source_port(), "source"));
    }
    if (request.has_destination_port()) {
        take(filter.destination_port_, check_port(request.destination_port(), "destination"));
    }
    if (request.has_port()) {
        take(filter.port_, check_port(request.port(), "any"));
    }
    if (request.has_vrf()) {
        take(filter.vrf_, read_vrf(router, true, request.vrf()));
    }
    if (request.has_timer()) {
        if (size_t(request.timer()) >= flow::timers) {
            status.Update(absl::InvalidArgumentError(
                fmt::format("{} is no timer of sessions; `show flow timeouts` lists them",
                            int(request.timer()))));
        }
        filter.timer_ = flow::Timer(request.timer());
    }
    if (request.has_worker()) {
        const unsigned workers = router.flows().tables().workers();
        if (request.worker() >= workers) {
            status.Update(absl::InvalidArgumentError(fmt::format(
                "there is no worker {}; workers are 0 to {}", request.worker(), workers - 1)));
        }
        filter.worker_ = request.worker();
    }
    if (!status.ok()) {
        return status;
    }
    return filter;
}

bool SessionFilter::matches(const flow::Flows::Found& found) const noexcept {
    const flow::Session& session = found.session;
    const flow::Key& comes = session.forward;
    const flow::Key leaves = leaving(session);
    const bool any_address = !address_ || is(address_, comes.source, leaves.source) ||
                             is(address_, comes.destination, leaves.destination);
    const bool any_port = !port_ || is(port_, comes.ports.source(), leaves.ports.source()) ||
                          is(port_, comes.ports.destination(), leaves.ports.destination());
    return any_address && any_port && lies(source_, comes.source, leaves.source) &&
           lies(destination_, comes.destination, leaves.destination) &&
           is(source_port_, comes.ports.source(), leaves.ports.source()) &&
           is(destination_port_, comes.ports.destination(), leaves.ports.destination()) &&
           is(protocol_, comes.protocol, session.reverse.protocol) &&
           (!vrf_ || *vrf_ == comes.vrf || *vrf_ == session.reverse.vrf) &&
           (!timer_ || *timer_ == session.timer) && (!worker_ || *worker_ == found.worker);
}

}  // namespace vnet::service
