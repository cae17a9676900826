// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "vnet/ipfix/layout.hpp"
#include "vnet/wire/ip4.hpp"

/// Information elements by their names and numbers in IANA's registry "IP Flow Information Export
/// (IPFIX) Entities": those that somebody here sends.
namespace vnet::ipfix::elements {

inline constexpr Element<uint8_t> protocol_identifier{4};
inline constexpr Element<uint16_t> source_transport_port{7};
inline constexpr Element<wire::Ip4Address> source_ipv4_address{8};
inline constexpr Element<uint16_t> destination_transport_port{11};
inline constexpr Element<wire::Ip4Address> destination_ipv4_address{12};
inline constexpr Element<wire::Ip4Address> post_nat_source_ipv4_address{225};
inline constexpr Element<wire::Ip4Address> post_nat_destination_ipv4_address{226};
inline constexpr Element<uint16_t> post_napt_source_transport_port{227};
inline constexpr Element<uint16_t> post_napt_destination_transport_port{228};
inline constexpr Element<uint8_t> nat_event{230};
inline constexpr Element<uint32_t> ingress_vrf_id{234};
inline constexpr Element<uint32_t> egress_vrf_id{235};
inline constexpr Element<uint32_t> nat_pool_id{283};
/// Since 1970 (UTC).
inline constexpr Element<uint64_t> observation_time_milliseconds{323};
inline constexpr Element<uint16_t> port_range_start{361};
inline constexpr Element<uint16_t> port_range_end{362};
inline constexpr Element<uint16_t> port_range_step_size{363};
inline constexpr Element<uint32_t> nat_quota_exceeded_event{466};
inline constexpr Element<uint32_t> max_session_entries{471};
inline constexpr Element<uint32_t> max_bib_entries{472};
inline constexpr Element<uint32_t> max_entries_per_user{473};

}  // namespace vnet::ipfix::elements
