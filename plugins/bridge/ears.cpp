// SPDX-License-Identifier: Apache-2.0
#include "plugins/bridge/ears.hpp"

namespace bridge {

void Ears::note(const HeardHost& heard, bool learns,
                const graph::Dispatch& dispatch) const noexcept {
    const HostTable::Host* known = hosts_.find(heard.key);
    if (known != nullptr && known->facts.mac == heard.facts.mac &&
        known->facts.router == heard.facts.router) {
        if (learner_.serves(dispatch.worker())) {
            known->heard.store(tick_of(dispatch.now_tsc()), std::memory_order_relaxed);
        }
    } else if (learns && (known == nullptr || !known->facts.fixed)) {
        learner_.tell(dispatch.worker(), heard, dispatch.now_tsc());
    }
}

bool Ears::hear(const graph::Packet& packet, Index bridge, uint8_t kinds, bool learns,
                const graph::Dispatch& dispatch) const noexcept {
    const Words words = words_of(packet.bytes());
    if ((kinds & bit_of(words.kind)) == 0) {
        return false;
    }
    if (words.says) {
        note({{words.address, bridge}, words.facts}, learns, dispatch);
    }
    return words.asks;
}

}  // namespace bridge
