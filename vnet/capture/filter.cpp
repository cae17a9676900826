// SPDX-License-Identifier: Apache-2.0
#include "vnet/capture/filter.hpp"

#include <fmt/format.h>
#include <pcap/pcap.h>

#include <memory>

#include "vnet/wire/text.hpp"

namespace vnet::capture {

namespace {

constexpr int snapshot_bytes = 65535;

struct ClosePcap {
    void operator()(pcap_t* pcap) const noexcept { pcap_close(pcap); }
};

absl::StatusOr<std::vector<bpf_insn>> program_of(const std::string& text, int link_type) {
    const std::unique_ptr<pcap_t, ClosePcap> pcap(pcap_open_dead(link_type, snapshot_bytes));
    if (pcap == nullptr) {
        return absl::ResourceExhaustedError("no memory is left to compile a filter in");
    }
    bpf_program program{};
    if (pcap_compile(pcap.get(), &program, text.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0) {
        return absl::InvalidArgumentError(fmt::format(
            "the filter {} is not understood: {}; give one in tcpdump's language, such as 'icmp or "
            "tcp port 80'",
            wire::quoted(text), pcap_geterr(pcap.get())));
    }
    std::vector<bpf_insn> copy(program.bf_insns, program.bf_insns + program.bf_len);
    pcap_freecode(&program);
    return copy;
}

}  // namespace

absl::StatusOr<Filter> Filter::compile(const std::string& text) {
    if (text.size() > longest || text.find('\0') != std::string::npos) {
        return absl::InvalidArgumentError(
            fmt::format("a filter of {} characters is refused; give at most {}, all of them text",
                        text.size(), longest));
    }
    if (const std::string_view name = looked_up_name(text); !name.empty()) {
        return absl::InvalidArgumentError(
            fmt::format("the filter {} is not understood at {}: it is no word of tcpdump's "
                        "language, and names of hosts are not looked up; give their addresses",
                        wire::quoted(text), wire::quoted(name)));
    }
    auto ethernet = program_of(text, DLT_EN10MB);
    if (!ethernet.ok()) {
        return ethernet.status();
    }
    Filter filter;
    filter.text_ = text;
    filter.ethernet_ = *std::move(ethernet);
    if (auto ip = program_of(text, DLT_RAW); ip.ok()) {
        filter.ip_ = *std::move(ip);
    }
    return filter;
}

bool Filter::matches(const graph::Packet& packet) const noexcept {
    const Program& program = link_layer_of(packet.meta()) == LinkLayer::ethernet ? ethernet_ : ip_;
    return !program.empty() &&
           bpf_filter(program.data(), reinterpret_cast<const u_char*>(packet.data()),
                      packet.length(), packet.segment_length()) != 0;
}

}  // namespace vnet::capture
