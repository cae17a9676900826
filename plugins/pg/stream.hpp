// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plugins/pg/feed.hpp"
#include "plugins/pg/packet_template.hpp"

namespace pg {

/// A feed of packets made from a description.
class Stream final : public Feed {
public:
    /// `spec` must have passed its check.
    Stream(const Entrance& entrance, const Pace& pace, const PacketSpec& spec, int done_fd = -1)
        : Feed(entrance, pace, done_fd), spec_(spec), template_(spec) {}

    std::string_view kind() const override { return "stream"; }
    std::string what() const override { return spec_.to_string(); }

private:
    void fill(std::span<graph::Packet* const> packets, uint64_t mac) noexcept override;
    void begin_anew() noexcept override { template_.rewind(); }

    const PacketSpec spec_;
    PacketTemplate template_;
};

}  // namespace pg
