// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>

#include "vnet/proto/flow.pb.h"
#include "vnet/service/convert.hpp"
#include "vnet/service/services.hpp"
#include "vnet/service/session_filter.hpp"
#include "vnet/service/session_lists.hpp"

namespace vnet::service {

namespace {

using flow::Flows;
using flow::Timer;

/// A field of SetFlowTimeoutsRequest, for each timer.
struct TimeoutField {
    Timer timer;
    bool (sluice::SetFlowTimeoutsRequest::*has)() const;
    uint32_t (sluice::SetFlowTimeoutsRequest::*get)() const;
    void (sluice::SetFlowTimeoutsRequest::*set)(uint32_t);
};
using Timeouts = sluice::SetFlowTimeoutsRequest;
constexpr auto timeout_fields = std::to_array<TimeoutField>({
    {Timer::tcp_transitory, &Timeouts::has_tcp_transitory, &Timeouts::tcp_transitory,
     &Timeouts::set_tcp_transitory},
    {Timer::tcp_established, &Timeouts::has_tcp_established, &Timeouts::tcp_established,
     &Timeouts::set_tcp_established},
    {Timer::tcp_time_wait, &Timeouts::has_tcp_time_wait, &Timeouts::tcp_time_wait,
     &Timeouts::set_tcp_time_wait},
    {Timer::udp, &Timeouts::has_udp, &Timeouts::udp, &Timeouts::set_udp},
    {Timer::udp_replied, &Timeouts::has_udp_replied, &Timeouts::udp_replied,
     &Timeouts::set_udp_replied},
    {Timer::icmp, &Timeouts::has_icmp, &Timeouts::icmp, &Timeouts::set_icmp},
    {Timer::other, &Timeouts::has_other, &Timeouts::other, &Timeouts::set_other},
    {Timer::other_replied, &Timeouts::has_other_replied, &Timeouts::other_replied,
     &Timeouts::set_other_replied},
});
static_assert(timeout_fields.size() == flow::timers);

absl::Status set_timeouts(Flows& flows, const Timeouts& request) {
    flow::Timeouts timeouts = flows.timeouts();
    for (const TimeoutField& field : timeout_fields) {
        if ((request.*field.has)()) {
            timeouts[field.timer] = (request.*field.get)();
        }
    }
    return flows.set(timeouts);
}

void write_flows(const Flows& flows, const api::config::Emit& emit) {
    if (flows.capacity() != Flows::default_sessions) {
        sluice::SetFlowSessionsRequest request;
        request.set_sessions(flows.capacity());
        emit("sluice.Flows.SetSessions", request);
    }
    const flow::Timeouts defaults;
    if (flows.timeouts() != defaults) {
        Timeouts request;
        for (const TimeoutField& field : timeout_fields) {
            if (const uint32_t now = flows.timeouts()[field.timer]; now != defaults[field.timer]) {
                (request.*field.set)(now);
            }
        }
        emit("sluice.Flows.SetTimeouts", request);
    }
}

std::vector<sluice::FlowTable> list_tables(const Flows& flows) {
    std::vector<sluice::FlowTable> all;
    for (unsigned worker = 0; worker < flows.tables().workers(); ++worker) {
        const flow::Table& table = flows.tables().of(worker);
        const flow::TableCounters& counters = table.counters();
        const auto ended = [&](flow::Ending ending) {
            return counters.ended[size_t(ending)].read();
        };
        sluice::FlowTable& row = all.emplace_back();
        row.set_worker(worker);
        row.set_sessions(counters.sessions.read());
        row.set_capacity(table.capacity());
        row.set_created(counters.created.read());
        row.set_timed_out(ended(flow::Ending::timed_out));
        row.set_displaced(ended(flow::Ending::displaced));
        row.set_removed(ended(flow::Ending::removed));
        row.set_refused(counters.refused.read());
        row.set_kilobytes(table.memory().touched_bytes >> 10);
    }
    return all;
}

std::vector<sluice::FlowTimeout> list_timeouts(const Flows& flows) {
    std::vector<sluice::FlowTimeout> all;
    for (const TimeoutField& field : timeout_fields) {
        sluice::FlowTimeout& row = all.emplace_back();
        row.set_timer(sluice::FlowTimer(field.timer));
        row.set_timeout(flows.timeouts()[field.timer]);
        row.set_default_timeout(flow::Timeouts()[field.timer]);
        uint64_t sessions = 0;
        for (unsigned worker = 0; worker < flows.tables().workers(); ++worker) {
            sessions += flows.tables().of(worker).counters().by_timer[size_t(field.timer)].read();
        }
        row.set_sessions(sessions);
    }
    return all;
}

std::string name_of(uint8_t protocol) {
    const std::string_view word = wire::name(wire::IpProtocol(protocol));
    return word.empty() ? fmt::format("{}", protocol) : std::string(word);
}

/// An address with its port, where it has one.
std::string text(wire::Ip4Address address, uint16_t port, bool with_port) {
    return with_port ? fmt::format("{}:{}", address, port) : fmt::format("{}", address);
}

/// Where the packets of who began it come from and go to, and what becomes of that.
void describe_way(const flow::Session& session, sluice::FlowSession& row) {
    const flow::Key& comes = session.forward;
    const flow::Key leaves = leaving(session);
    const bool ports = comes.ports.raw != 0 || leaves.ports.raw != 0;
    // An identifier is of the query, and so of who asks.
    const bool to_ports = ports && comes.protocol != uint8_t(wire::IpProtocol::icmp);
    const std::string from = text(comes.source, comes.ports.source(), ports);
    const std::string to = text(comes.destination, comes.ports.destination(), to_ports);
    const std::string new_from = text(leaves.source, leaves.ports.source(), ports);
    const std::string new_to = text(leaves.destination, leaves.ports.destination(), to_ports);
    row.set_from(from);
    row.set_to(to);
    std::string becomes;
    if (new_from != from) {
        becomes = "from " + new_from;
    }
    if (new_to != to) {
        becomes += (becomes.empty() ? "to " : " to ") + new_to;
    }
    row.set_becomes(becomes);
    *row.mutable_source() = ip_to_api(comes.source);
    row.set_source_port(comes.ports.source());
    *row.mutable_destination() = ip_to_api(comes.destination);
    row.set_destination_port(comes.ports.destination());
    *row.mutable_new_source() = ip_to_api(leaves.source);
    row.set_new_source_port(leaves.ports.source());
    *row.mutable_new_destination() = ip_to_api(leaves.destination);
    row.set_new_destination_port(leaves.ports.destination());
}

void describe(Router& router, const Flows::Found& found, sluice::FlowSession& row) {
    const flow::Session& session = found.session;
    row.set_worker(found.worker);
    row.set_protocol(name_of(session.forward.protocol));
    describe_way(session, row);
    row.set_timer(sluice::FlowTimer(session.timer));
    row.set_left(uint32_t(std::ceil(router.flows().left_seconds(session))));
    row.set_idle(uint32_t(router.flows().idle_seconds(session)));
    row.set_packets(session.packets[size_t(flow::Direction::forward)]);
    row.set_replies(session.packets[size_t(flow::Direction::reverse)]);
    row.set_vrf(router.vrfs().name_of(session.forward.vrf));
    row.set_reply_vrf(router.vrfs().name_of(session.reverse.vrf));
}

/// Calls `make` with the search for those who are meant.
template <class Item, class Make>
absl::StatusOr<api::SearchSource<Item>> search(Router& router,
                                               const sluice::FlowSessionFilter& request,
                                               const Make& make) {
    const auto filter = SessionFilter::make(router, request);
    if (!filter.ok()) {
        return filter.status();
    }
    return make(search_for(router.flows(), *filter));
}

absl::StatusOr<api::SearchSource<sluice::FlowSession>> list_found(
    Router& router, const sluice::FlowSessionFilter& request) {
    return search<sluice::FlowSession>(router, request, [&router](flow::Search search) {
        return list_sessions<sluice::FlowSession>(
            std::move(search), [&router](const Flows::Found& found, sluice::FlowSession& row) {
                describe(router, found, row);
            });
    });
}

absl::StatusOr<api::SearchSource<sluice::ClearedFlowSessions>> clear(
    Router& router, const sluice::FlowSessionFilter& request) {
    using Answer = sluice::ClearedFlowSessions;
    return search<Answer>(router, request, [&router](flow::Search search) {
        return end_sessions<Answer>(
            {router.flows(), router.engine(), std::move(search)},
            [](uint64_t ended, Answer& answer) { answer.set_ended(ended); });
    });
}

}  // namespace

absl::Status register_flows(api::Registry& registry, Router& router) {
    Flows& flows = router.flows();
    registry.config().add("flows",
                          [&flows](const api::config::Emit& emit) { write_flows(flows, emit); });
    absl::Status status = registry.add_unary<Timeouts, sluice::Empty>(
        "sluice.Flows.SetTimeouts",
        [&flows](const auto& request) { return done(set_timeouts(flows, request)); });
    status.Update(registry.add_unary<sluice::ResetFlowTimeoutsRequest, sluice::Empty>(
        "sluice.Flows.ResetTimeouts",
        [&flows](const auto&) { return done(flows.set(flow::Timeouts())); }));
    status.Update(registry.add_unary<sluice::SetFlowSessionsRequest, sluice::Empty>(
        "sluice.Flows.SetSessions",
        [&flows](const auto& request) { return done(flows.set_capacity(request.sessions())); }));
    status.Update(registry.add_unary<sluice::ResetFlowSessionsRequest, sluice::Empty>(
        "sluice.Flows.ResetSessions",
        [&flows](const auto&) { return done(flows.set_capacity(Flows::default_sessions)); }));
    status.Update(registry.add_list<sluice::ListFlowTablesRequest, sluice::FlowTable>(
        "sluice.Flows.List", [&flows](const auto&) { return api::items(list_tables(flows)); }));
    status.Update(registry.add_list<sluice::ListFlowTimeoutsRequest, sluice::FlowTimeout>(
        "sluice.Flows.ListTimeouts",
        [&flows](const auto&) { return api::items(list_timeouts(flows)); }));
    status.Update(registry.add_search<sluice::FlowSessionFilter, sluice::FlowSession>(
        "sluice.Flows.ListSessions",
        [&router](const auto& request) { return list_found(router, request); }));
    status.Update(registry.add_search<sluice::FlowSessionFilter, sluice::ClearedFlowSessions>(
        "sluice.Flows.ClearSessions",
        [&router](const auto& request) { return clear(router, request); }));
    return status;
}

}  // namespace vnet::service
