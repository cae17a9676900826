// SPDX-License-Identifier: Apache-2.0
#include "plugins/pg/stream.hpp"

namespace pg {

namespace {
constexpr unsigned prefetch_ahead = 4;
}  // namespace

void Stream::fill(std::span<graph::Packet* const> packets, uint64_t mac) noexcept {
    if (!spec_.destination_mac) {
        template_.set_destination_mac(mac);
    }
    for (size_t i = 0; i < packets.size(); ++i) {
        if (i + prefetch_ahead < packets.size()) {
            __builtin_prefetch(packets[i + prefetch_ahead]->data(), 1);
        }
        packets[i]->resize(template_.size());
        template_.write(packets[i]->data());
    }
}

}  // namespace pg
