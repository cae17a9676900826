// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

/// The bounds of the engine. Each is a capacity that something is sized by; none is a tuning knob.
namespace graph {

/// Packets in a full vector.
inline constexpr unsigned vector_size = 256;
/// Nodes in one graph, over the life of a process: ids are never used twice.
inline constexpr unsigned max_nodes = 1024;
/// Drop reasons, all nodes together.
inline constexpr unsigned max_drops = 4096;
/// Feature arcs.
inline constexpr unsigned max_arcs = 16;
/// Features on one arc.
inline constexpr unsigned max_features = 64;
/// Workers.
inline constexpr unsigned max_workers = 64;
/// Interfaces. Indexes are used again after an interface is gone and every worker has noticed.
inline constexpr unsigned max_interfaces = 65536;
/// Frames that one worker may have under way; more is a counted drop.
inline constexpr unsigned frames_per_worker = 1024;
/// Bytes of a packet buffer behind its headroom.
inline constexpr unsigned buffer_bytes = 2048;
/// Bytes in front of a received packet, for headers to come.
inline constexpr unsigned headroom_bytes = 128;
/// Bytes for the metadata that plugins declare, together.
inline constexpr unsigned slot_bytes = 64;
/// Traffic that is not from any interface carries this index.
inline constexpr uint32_t no_interface = 0xffff'ffff;

}  // namespace graph
