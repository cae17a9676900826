// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <pcap/bpf.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "graph/packet.hpp"
#include "vnet/capture/link_layer.hpp"

namespace vnet::capture {

/// A filter in libpcap's language (pcap-filter(7)), compiled. Immutable: workers run it while
/// control holds it.
class Filter {
public:
    /// Longer texts are refused.
    static constexpr size_t longest = 4096;

    /// INVALID_ARGUMENT with libpcap's own words where it does not understand the text. Names of
    /// hosts are refused: looking one up would keep control waiting for a name server. Control
    /// thread.
    static absl::StatusOr<Filter> compile(const std::string& text);

    const std::string& text() const noexcept { return text_; }
    /// Whether the packet is wanted, by the bytes of its first segment. A worker.
    bool matches(const graph::Packet& packet) const noexcept;

private:
    using Program = std::vector<bpf_insn>;
    std::string text_;
    Program ethernet_;
    /// For packets without a link-layer header; empty where the text asks for what those cannot
    /// have, and then none of them is wanted.
    Program ip_;
};

/// The first word of a filter that libpcap would look up as the name of a host or network; empty
/// where there is none.
std::string_view looked_up_name(std::string_view filter);

}  // namespace vnet::capture
