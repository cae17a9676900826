// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/session_filter.hpp"

#include <fmt/format.h>

#include "vnet/service/convert.hpp"
#include "vnet/service/flow_match.hpp"

namespace nat44 {

namespace {

absl::StatusOr<vnet::flow::Timer> parse_timer(const std::string& text) {
    std::string names;
    for (size_t i = 0; i < vnet::flow::timers; ++i) {
        const auto timer = vnet::flow::Timer(i);
        if (name(timer) == text) {
            return timer;
        }
        names += fmt::format("{}{}", names.empty() ? "" : ", ", name(timer));
    }
    return absl::InvalidArgumentError(
        fmt::format("'{}' is no state of a session; there are: {}", text, names));
}

absl::Status read(bool given, const sluice::Ip4Prefix& message, std::optional<Ip4Prefix>& into) {
    if (!given) {
        return absl::OkStatus();
    }
    const auto prefix = vnet::service::from_api(message);
    if (prefix.ok()) {
        into = *prefix;
    }
    return prefix.status();
}

template <class T>
bool fits(const std::optional<T>& wanted, const T& is) {
    return !wanted || *wanted == is;
}
bool lies(const std::optional<Ip4Prefix>& wanted, Ip4Address address) {
    return !wanted || wanted->contains(address);
}

}  // namespace

SessionView::SessionView(const vnet::flow::Session& session) {
    const bool from_outside = (session.flags & session_flag::from_outside) != 0;
    const vnet::flow::Key& in = from_outside ? session.reverse : session.forward;
    const vnet::flow::Key& out = from_outside ? session.forward : session.reverse;
    inside = {in.source, in.ports.source()};
    outside = {out.destination, out.ports.destination()};
    remote = {out.source, out.ports.source()};
    inside_vrf = in.vrf;
    protocol = in.protocol;
    packets_out = session.packets[from_outside ? 1 : 0];
    packets_in = session.packets[from_outside ? 0 : 1];
}

absl::StatusOr<SessionFilter> SessionFilter::make(vnet::Router& router,
                                                  const sluice::nat44::SessionFilter& request) {
    SessionFilter filter;
    absl::Status status = read(request.has_inside(), request.inside(), filter.inside_);
    status.Update(read(request.has_outside(), request.outside(), filter.outside_));
    status.Update(read(request.has_remote(), request.remote(), filter.remote_));
    if (request.has_protocol()) {
        const auto protocol = vnet::service::parse_protocol(request.protocol());
        status.Update(protocol.status());
        filter.protocol_ = protocol.ok() ? std::optional(uint8_t(*protocol)) : std::nullopt;
    }
    const auto port = [&](bool given, uint32_t value, std::string_view which,
                          std::optional<uint32_t>& into) {
        if (given) {
            status.Update(vnet::service::check_port(value, which).status());
            into = value;
        }
    };
    port(request.has_inside_port(), request.inside_port(), "inside", filter.inside_port_);
    port(request.has_outside_port(), request.outside_port(), "outside", filter.outside_port_);
    port(request.has_remote_port(), request.remote_port(), "remote", filter.remote_port_);
    if (request.has_inside_vrf()) {
        const auto vrf = router.vrfs().find(request.inside_vrf());
        status.Update(vrf.status());
        filter.inside_vrf_ = vrf.ok() ? std::optional(*vrf) : std::nullopt;
    }
    if (request.has_timer()) {
        const auto timer = parse_timer(request.timer());
        status.Update(timer.status());
        filter.timer_ = timer.ok() ? std::optional(*timer) : std::nullopt;
    }
    if (!status.ok()) {
        return status;
    }
    return filter;
}

bool SessionFilter::operator()(const vnet::flow::Session& session) const {
    const SessionView view(session);
    return lies(inside_, view.inside.address) && lies(outside_, view.outside.address) &&
           lies(remote_, view.remote.address) && fits(protocol_, view.protocol) &&
           fits(inside_port_, uint32_t(view.inside.port)) &&
           fits(outside_port_, uint32_t(view.outside.port)) &&
           fits(remote_port_, uint32_t(view.remote.port)) && fits(inside_vrf_, view.inside_vrf) &&
           fits(timer_, session.timer);
}

}  // namespace nat44
