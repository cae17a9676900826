// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vnet::capture {

/// Which way a packet went, for the option epb_flags.
enum class Direction : uint8_t { unknown = 0, inbound = 1, outbound = 2 };

/// The blocks of a pcapng section (draft-ietf-opsawg-pcapng), built as bytes in memory: no file,
/// no clock. Little endian, times in nanoseconds, link types per interface. Not thread-safe.
class Pcapng {
public:
    /// tcpdump.org's numbers of link types.
    static constexpr uint16_t ethernet = 1;
    static constexpr uint16_t raw_ip = 101;

    struct Packet {
        uint32_t interface = 0;
        /// Since 1970.
        uint64_t time_ns = 0;
        /// As it was, of which `bytes` are the first.
        uint32_t length = 0;
        std::span<const std::byte> bytes;
        Direction direction = Direction::unknown;
        std::string_view comment;
    };
    struct Statistics {
        uint64_t begin_ns = 0;
        uint64_t end_ns = 0;
        /// Packets seen, those that came too fast to be written, those that the filter let through,
        /// those that are in the file.
        uint64_t received = 0;
        uint64_t lost = 0;
        uint64_t accepted = 0;
        uint64_t written = 0;
    };

    /// The first block of a file; `application` and `comment` are for people.
    void section(std::string_view application, std::string_view comment);
    /// Returns the number by which packets name the interface, counted from 0.
    uint32_t interface(uint16_t link_type, uint32_t snap_length, std::string_view name,
                       std::string_view comment, std::string_view filter);
    void packet(const Packet& packet);
    /// Bytes of the block that packet() makes.
    static size_t size_of(const Packet& packet) noexcept;
    void statistics(uint32_t interface, const Statistics& statistics);

    /// All that was built and not taken yet.
    const std::vector<std::byte>& bytes() const noexcept { return bytes_; }
    void clear() noexcept { bytes_.clear(); }

private:
    void put(const void* data, size_t size);
    void put32(uint32_t value) { put(&value, sizeof(value)); }
    void put16(uint16_t value) { put(&value, sizeof(value)); }
    void put_time(uint64_t time_ns);
    void pad();
    void option(uint16_t code, const void* value, size_t size);
    void option_text(uint16_t code, std::string_view text);
    void option64(uint16_t code, uint64_t value);
    void begin(uint32_t type);
    void end();

    std::vector<std::byte> bytes_;
    size_t block_ = 0;
    uint32_t interfaces_ = 0;
};

}  // namespace vnet::capture
