// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/log_ipfix.hpp"

#include "vnet/ipfix/elements.hpp"

namespace nat44 {

using namespace vnet::ipfix::elements;
using vnet::ipfix::Layout;

namespace {

constexpr uint64_t ns_per_ms = 1'000'000;

constexpr Layout session_to(256, observation_time_milliseconds, nat_event, source_ipv4_address,
                            post_nat_source_ipv4_address, protocol_identifier,
                            source_transport_port, post_napt_source_transport_port,
                            destination_ipv4_address, post_nat_destination_ipv4_address,
                            destination_transport_port, post_napt_destination_transport_port,
                            ingress_vrf_id, egress_vrf_id);
constexpr Layout session(264, observation_time_milliseconds, nat_event, source_ipv4_address,
                         post_nat_source_ipv4_address, protocol_identifier, source_transport_port,
                         post_napt_source_transport_port, ingress_vrf_id, egress_vrf_id);
constexpr Layout one_mapping(257, observation_time_milliseconds, nat_event, source_ipv4_address,
                             post_nat_source_ipv4_address, protocol_identifier,
                             source_transport_port, post_napt_source_transport_port, ingress_vrf_id,
                             egress_vrf_id);
constexpr Layout block(258, observation_time_milliseconds, nat_event, source_ipv4_address,
                       post_nat_source_ipv4_address, port_range_start, port_range_end,
                       port_range_step_size, ingress_vrf_id, egress_vrf_id);
constexpr Layout addresses(259, observation_time_milliseconds, nat_event, nat_pool_id);
constexpr Layout ports(260, observation_time_milliseconds, nat_event, post_nat_source_ipv4_address,
                       protocol_identifier, nat_pool_id);
constexpr Layout most_sessions(261, observation_time_milliseconds, nat_event,
                               nat_quota_exceeded_event, max_session_entries);
constexpr Layout most_mappings(262, observation_time_milliseconds, nat_event,
                               nat_quota_exceeded_event, max_bib_entries);
constexpr Layout most_of_user(263, observation_time_milliseconds, nat_event,
                              nat_quota_exceeded_event, max_entries_per_user, source_ipv4_address,
                              ingress_vrf_id);

/// The element natQuotaExceededEvent (466), by IANA's registry.
enum Quota : uint32_t { session_entries = 1, bib_entries = 2, entries_per_user = 3 };

}  // namespace

uint8_t event_number(LogKind kind) noexcept {
    switch (kind) {
        case LogKind::addresses_exhausted:
            return 3;
        case LogKind::session_created:
            return 4;
        case LogKind::session_deleted:
            return 5;
        case LogKind::mapping_created:
            return 8;
        case LogKind::mapping_deleted:
            return 9;
        case LogKind::ports_exhausted:
            return 12;
        case LogKind::sessions_exceeded:
        case LogKind::mappings_exceeded:
        case LogKind::user_exceeded:
            return 13;
        case LogKind::user_rate_exceeded:
            // RFC 8158 has no event for it.
            break;
        case LogKind::block_allocated:
            return 16;
        case LogKind::block_released:
            return 17;
    }
    return 0;
}

std::vector<vnet::ipfix::Template> log_templates(Destinations destinations) {
    const auto of_session =
        destinations == Destinations::told ? session_to.declaration() : session.declaration();
    return {of_session,
            one_mapping.declaration(),
            block.declaration(),
            addresses.declaration(),
            ports.declaration(),
            most_sessions.declaration(),
            most_mappings.declaration(),
            most_of_user.declaration()};
}

void export_records(vnet::ipfix::Exporter& exporter, std::span<const LogRecord> records,
                    Destinations destinations) {
    for (const LogRecord& r : records) {
        const uint64_t time = r.time_ns / ns_per_ms;
        const uint8_t event = event_number(r.kind);
        switch (r.kind) {
            case LogKind::session_created:
            case LogKind::session_deleted:
                if (destinations == Destinations::told) {
                    exporter.add(session_to, time, event, r.inside, r.outside, r.protocol,
                                 r.inside_port, r.outside_port, r.remote_inside, r.remote,
                                 r.remote_inside_port, r.remote_port, r.inside_vrf, r.outside_vrf);
                } else {
                    exporter.add(session, time, event, r.inside, r.outside, r.protocol,
                                 r.inside_port, r.outside_port, r.inside_vrf, r.outside_vrf);
                }
                break;
            case LogKind::mapping_created:
            case LogKind::mapping_deleted:
                exporter.add(one_mapping, time, event, r.inside, r.outside, r.protocol,
                             r.inside_port, r.outside_port, r.inside_vrf, r.outside_vrf);
                break;
            case LogKind::block_allocated:
            case LogKind::block_released:
                exporter.add(block, time, event, r.inside, r.outside, r.block_first, r.block_last,
                             uint16_t(1), r.inside_vrf, r.outside_vrf);
                break;
            case LogKind::addresses_exhausted:
                exporter.add(addresses, time, event, r.pool);
                break;
            case LogKind::ports_exhausted:
                exporter.add(ports, time, event, r.outside, r.protocol, r.pool);
                break;
            case LogKind::sessions_exceeded:
                exporter.add(most_sessions, time, event, session_entries, r.limit);
                break;
            case LogKind::mappings_exceeded:
                exporter.add(most_mappings, time, event, bib_entries, r.limit);
                break;
            case LogKind::user_exceeded:
                exporter.add(most_of_user, time, event, entries_per_user, r.limit, r.inside,
                             r.inside_vrf);
                break;
            case LogKind::user_rate_exceeded:
                break;
        }
    }
}

}  // namespace nat44
