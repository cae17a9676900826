// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/dispatch.hpp"
#include "plugins/bridge/host_table.hpp"
#include "plugins/bridge/learner.hpp"
#include "plugins/bridge/ports.hpp"
#include "plugins/bridge/words.hpp"

namespace bridge {

/// What a worker does with words of ARP and neighbor discovery that pass by.
class Ears {
public:
    /// Both outlive it.
    Ears(HostTable& hosts, Learner<HeardHost>& learner) : hosts_(hosts), learner_(learner) {}

    /// Notes whose an address is, where `learns`. True where the frame asks for one, so that it may
    /// be answered. `kinds` are the bits of suppress that are on in the bridge.
    bool hear(const graph::Packet& packet, Index bridge, uint8_t kinds, bool learns,
              const graph::Dispatch& dispatch) const noexcept;

private:
    void note(const HeardHost& heard, bool learns, const graph::Dispatch& dispatch) const noexcept;

    HostTable& hosts_;
    Learner<HeardHost>& learner_;
};

/// The bit of suppress for words of a kind.
constexpr uint8_t bit_of(Words::Kind kind) noexcept {
    return kind == Words::Kind::arp  ? suppress::arp
           : kind == Words::Kind::nd ? suppress::nd
                                     : uint8_t(0);
}

}  // namespace bridge
