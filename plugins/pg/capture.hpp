// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace pg {

/// The Ethernet packets of a capture file, in memory. Immutable once read.
class Capture {
public:
    /// Files above this are refused: all of it is held in memory.
    static constexpr uint64_t largest_file = uint64_t(256) << 20;

    /// Reads a pcap or pcapng file. A sentence for one that is missing, no ordinary file, too
    /// large, no capture, of another link type, damaged, or without a packet that fits in a buffer.
    static absl::StatusOr<Capture> read(const std::string& file);

    size_t size() const noexcept { return packets_.size(); }
    std::span<const std::byte> packet(size_t index) const noexcept {
        return std::span(bytes_).subspan(packets_[index].offset, packets_[index].length);
    }
    /// Packets that were left out: longer than a buffer, or not whole in the file.
    uint64_t left_out() const noexcept { return left_out_; }

private:
    struct Place {
        uint32_t offset;
        uint32_t length;
    };
    std::vector<std::byte> bytes_;
    std::vector<Place> packets_;
    uint64_t left_out_ = 0;
};

/// Writes a capture of Ethernet packets in pcap format with times in nanoseconds.
class CaptureWriter {
public:
    /// Makes the file, or writes over one that is there. A sentence where that is not possible.
    static absl::StatusOr<CaptureWriter> create(const std::string& file);
    CaptureWriter(CaptureWriter&&) noexcept;
    CaptureWriter& operator=(CaptureWriter&&) = delete;
    ~CaptureWriter();

    /// `time_ns` counts from 1970.
    void write(std::span<const std::byte> packet, uint64_t time_ns);
    /// What was written is in the file on return. DATA_LOSS with the reason where it is not.
    absl::Status flush();

private:
    struct Handles;
    explicit CaptureWriter(std::unique_ptr<Handles> handles);
    std::unique_ptr<Handles> handles_;
};

}  // namespace pg
