// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "plugins/nat44/log_record.hpp"
#include "vnet/ipfix/exporter.hpp"

/// The log as IPFIX, by the templates of RFC 8158 5.6. Control thread.
namespace nat44 {

/// The element natEvent (230), by IANA's registry "NAT Event Type".
uint8_t event_number(LogKind kind) noexcept;

/// For the exporter that export_records() is to use with the same destinations.
std::vector<vnet::ipfix::Template> log_templates(Destinations destinations);

/// Adds each record to `exporter`. How many were suppressed has no element and is not told.
void export_records(vnet::ipfix::Exporter& exporter, std::span<const LogRecord> records,
                    Destinations destinations);

}  // namespace nat44
