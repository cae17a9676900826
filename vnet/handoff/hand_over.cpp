// SPDX-License-Identifier: Apache-2.0
#include "vnet/handoff/hand_over.hpp"

namespace vnet::handoff {

HandOver::~HandOver() {
    while (count_ != 0) {
        push(to_[0]);
    }
}

void HandOver::add(graph::Packet& packet, graph::NodeId node, unsigned worker) noexcept {
    packet.meta().start = node;
    packets_[count_] = &packet;
    to_[count_] = uint8_t(worker);
    ++count_;
}

void HandOver::push(unsigned worker) noexcept {
    graph::Packet* batch[graph::vector_size];
    unsigned size = 0;
    unsigned left = 0;
    for (unsigned i = 0; i < count_; ++i) {
        if (to_[i] == worker) {
            batch[size++] = packets_[i];
        } else {
            packets_[left] = packets_[i];
            to_[left++] = to_[i];
        }
    }
    count_ = left;
    const unsigned taken = engine_.hand_over(dispatch_.worker(), worker, {batch, size});
    for (unsigned i = taken; i < size; ++i) {
        dispatch_.emit(*batch[i], graph::Hop::drop(full_reason_));
    }
}

}  // namespace vnet::handoff
