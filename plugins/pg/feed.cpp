// SPDX-License-Identifier: Apache-2.0
#include "plugins/pg/feed.hpp"

#include <rte_cycles.h>
#include <unistd.h>

#include <algorithm>

namespace pg {

Feed::Feed(const Entrance& entrance, const Pace& pace, int done_fd)
    : entrance_(entrance),
      pace_(pace),
      done_fd_(done_fd),
      pacer_(pace.rate, rte_get_tsc_hz(), pace.vector) {}

void Feed::rewind() noexcept {
    begin_anew();
    pacer_.restart();
    sent_.set(0);
    starved_.set(0);
    done_.store(false, std::memory_order_release);
}

unsigned Feed::poll(graph::Dispatch& dispatch) noexcept {
    if (done_.load(std::memory_order_relaxed)) {
        return 0;
    }
    uint64_t wanted = std::min<uint64_t>(pacer_.due(dispatch.now_tsc()), pace_.vector);
    if (pace_.packets != 0) {
        wanted = std::min(wanted, pace_.packets - sent_.read());
    }
    if (wanted == 0) {
        return 0;
    }
    graph::Frame* frame = dispatch.take_frame();
    if (frame == nullptr) [[unlikely]] {
        starved_.add(1);
        return 0;
    }
    const auto count = unsigned(wanted);
    const std::span<graph::Packet*> packets(frame->packets, count);
    if (!dispatch.pool().allocate(packets)) [[unlikely]] {
        starved_.add(1);
        dispatch.give_frame(frame);
        return 0;
    }
    frame->size = uint16_t(count);
    fill(packets, entrance_.table->hot(entrance_.interface).mac.load(std::memory_order_relaxed));
    uint64_t bytes = 0;
    for (graph::Packet* packet : packets) {
        packet->meta().rx_interface = entrance_.interface;
        bytes += packet->length();
    }
    vnet::interface::Counters& counters =
        entrance_.table->counters(dispatch.worker(), entrance_.interface);
    counters.rx_packets.add(count);
    counters.rx_bytes.add(bytes);
    pacer_.sent(count);
    sent_.add(count);
    entrance_.path.send(frame, dispatch);
    if (pace_.packets != 0 && sent_.read() == pace_.packets) [[unlikely]] {
        done_.store(true, std::memory_order_release);
        if (done_fd_ >= 0) {
            const uint64_t one = 1;
            [[maybe_unused]] const ssize_t written = write(done_fd_, &one, sizeof(one));
        }
    }
    return count;
}

}  // namespace pg
