// SPDX-License-Identifier: Apache-2.0
#include "vnet/capture/pcapng.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace vnet::capture {

static_assert(std::endian::native == std::endian::little, "blocks are written as they lie here");

namespace {

// Section numbers are those of draft-ietf-opsawg-pcapng.
constexpr uint32_t section_header = 0x0a0d0d0a;  // 4.1
constexpr uint32_t interface_description = 1;    // 4.2
constexpr uint32_t enhanced_packet = 6;          // 4.3
constexpr uint32_t interface_statistics = 5;     // 4.6
constexpr uint32_t byte_order_magic = 0x1a2b3c4d;
constexpr uint64_t unknown_section_length = ~uint64_t(0);

constexpr uint16_t end_of_options = 0;
constexpr uint16_t comment_option = 1;
constexpr uint16_t section_application = 4;
constexpr uint16_t interface_name = 2;
constexpr uint16_t interface_time_resolution = 9;
constexpr uint16_t interface_filter = 11;
constexpr uint16_t packet_flags = 2;
constexpr uint16_t statistics_begin = 2;
constexpr uint16_t statistics_end = 3;
constexpr uint16_t statistics_received = 4;
constexpr uint16_t statistics_lost = 5;
constexpr uint16_t statistics_accepted = 6;
constexpr uint16_t statistics_delivered = 8;

/// Ten to the power of minus nine.
constexpr uint8_t nanoseconds = 9;
/// The filter's text is in libpcap's language.
constexpr char filter_is_text = 0;
constexpr size_t longest_option = 65535;
constexpr size_t alignment = 4;

constexpr size_t padded(size_t size) noexcept {
    return (size + alignment - 1) / alignment * alignment;
}

}  // namespace

void Pcapng::put(const void* data, size_t size) {
    const auto* begin = static_cast<const std::byte*>(data);
    bytes_.insert(bytes_.end(), begin, begin + size);
}

void Pcapng::put_time(uint64_t time_ns) {
    put32(uint32_t(time_ns >> 32));
    put32(uint32_t(time_ns));
}

void Pcapng::pad() {
    bytes_.resize(block_ + padded(bytes_.size() - block_));
}

void Pcapng::option(uint16_t code, const void* value, size_t size) {
    put16(code);
    put16(uint16_t(size));
    put(value, size);
    pad();
}

void Pcapng::option_text(uint16_t code, std::string_view text) {
    if (!text.empty()) {
        option(code, text.data(), std::min(text.size(), longest_option));
    }
}

void Pcapng::option64(uint16_t code, uint64_t value) {
    option(code, &value, sizeof(value));
}

void Pcapng::begin(uint32_t type) {
    block_ = bytes_.size();
    put32(type);
    // The length, once it is known.
    put32(0);
}

void Pcapng::end() {
    const auto length = uint32_t(bytes_.size() - block_ + sizeof(uint32_t));
    std::memcpy(bytes_.data() + block_ + sizeof(uint32_t), &length, sizeof(length));
    put32(length);
}

void Pcapng::section(std::string_view application, std::string_view comment) {
    begin(section_header);
    put32(byte_order_magic);
    put16(1);
    put16(0);
    put(&unknown_section_length, sizeof(unknown_section_length));
    option_text(comment_option, comment);
    option_text(section_application, application);
    option(end_of_options, nullptr, 0);
    end();
}

uint32_t Pcapng::interface(uint16_t link_type, uint32_t snap_length, std::string_view name,
                           std::string_view comment, std::string_view filter) {
    begin(interface_description);
    put16(link_type);
    put16(0);
    put32(snap_length);
    option_text(comment_option, comment);
    option_text(interface_name, name);
    option(interface_time_resolution, &nanoseconds, sizeof(nanoseconds));
    if (!filter.empty()) {
        option_text(interface_filter, std::string(1, filter_is_text).append(filter));
    }
    option(end_of_options, nullptr, 0);
    end();
    return interfaces_++;
}

size_t Pcapng::size_of(const Packet& packet) noexcept {
    constexpr size_t fixed = 8 * sizeof(uint32_t);
    constexpr size_t header = sizeof(uint32_t);
    size_t options = 0;
    if (!packet.comment.empty()) {
        options += header + padded(std::min(packet.comment.size(), longest_option));
    }
    if (packet.direction != Direction::unknown) {
        options += header + sizeof(uint32_t);
    }
    return fixed + padded(packet.bytes.size()) + options + (options == 0 ? 0 : header);
}

void Pcapng::packet(const Packet& packet) {
    begin(enhanced_packet);
    put32(packet.interface);
    put_time(packet.time_ns);
    put32(uint32_t(packet.bytes.size()));
    put32(packet.length);
    put(packet.bytes.data(), packet.bytes.size());
    pad();
    option_text(comment_option, packet.comment);
    if (packet.direction != Direction::unknown) {
        const auto flags = uint32_t(packet.direction);
        option(packet_flags, &flags, sizeof(flags));
    }
    if (!packet.comment.empty() || packet.direction != Direction::unknown) {
        option(end_of_options, nullptr, 0);
    }
    end();
}

void Pcapng::statistics(uint32_t interface, const Statistics& statistics) {
    begin(interface_statistics);
    put32(interface);
    put_time(statistics.end_ns);
    const auto option_time = [this](uint16_t code, uint64_t time_ns) {
        const uint32_t halves[2] = {uint32_t(time_ns >> 32), uint32_t(time_ns)};
        option(code, halves, sizeof(halves));
    };
    option_time(statistics_begin, statistics.begin_ns);
    option_time(statistics_end, statistics.end_ns);
    option64(statistics_received, statistics.received);
    option64(statistics_lost, statistics.lost);
    option64(statistics_accepted, statistics.accepted);
    option64(statistics_delivered, statistics.written);
    option(end_of_options, nullptr, 0);
    end();
}

}  // namespace vnet::capture
