// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "plugins/pg/capture.hpp"
#include "plugins/pg/feed.hpp"
#include "vnet/wire/mac.hpp"

namespace pg {

/// A feed of the packets of a capture, as they are or with another destination.
class Replay final : public Feed {
public:
    /// Pace::packets must be a multiple of the capture's, or 0.
    Replay(const Entrance& entrance, const Pace& pace, std::shared_ptr<const Capture> capture,
           std::string file, std::optional<vnet::wire::MacAddress> destination_mac = std::nullopt,
           int done_fd = -1);

    std::string_view kind() const override { return "replay"; }
    std::string what() const override;

private:
    void fill(std::span<graph::Packet* const> packets, uint64_t mac) noexcept override;
    void begin_anew() noexcept override { next_ = 0; }

    const std::shared_ptr<const Capture> capture_;
    const std::string file_;
    const std::optional<vnet::wire::MacAddress> destination_mac_;
    size_t next_ = 0;
};

}  // namespace pg
