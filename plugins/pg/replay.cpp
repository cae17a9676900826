// SPDX-License-Identifier: Apache-2.0
#include "plugins/pg/replay.hpp"

#include <fmt/format.h>

#include <cstring>
#include <utility>

namespace pg {

Replay::Replay(const Entrance& entrance, const Pace& pace, std::shared_ptr<const Capture> capture,
               std::string file, std::optional<vnet::wire::MacAddress> destination_mac, int done_fd)
    : Feed(entrance, pace, done_fd),
      capture_(std::move(capture)),
      file_(std::move(file)),
      destination_mac_(destination_mac) {}

std::string Replay::what() const {
    std::string text = fmt::format("{} packets of {}", capture_->size(), file_);
    if (capture_->left_out() != 0) {
        text += fmt::format(" ({} left out)", capture_->left_out());
    }
    return destination_mac_ ? fmt::format("{} to {}", text, *destination_mac_) : text;
}

void Replay::fill(std::span<graph::Packet* const> packets, uint64_t) noexcept {
    for (graph::Packet* packet : packets) {
        const std::span<const std::byte> bytes = capture_->packet(next_);
        next_ = next_ + 1 == capture_->size() ? 0 : next_ + 1;
        packet->resize(uint32_t(bytes.size()));
        std::memcpy(packet->data(), bytes.data(), bytes.size());
        if (destination_mac_) {
            std::memcpy(packet->data(), destination_mac_->bytes().data(),
                        destination_mac_->bytes().size());
        }
    }
}

}  // namespace pg
