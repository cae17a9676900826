// SPDX-License-Identifier: Apache-2.0
#include "plugins/pg/recorder.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

#include "graph/packet_pool.hpp"

namespace pg {

namespace {
/// Packets that control writes before it looks at other work again.
constexpr unsigned batch = 64;
}  // namespace

absl::StatusOr<std::unique_ptr<Recorder>> Recorder::create(graph::Control& control,
                                                           const std::string& file, uint64_t limit,
                                                           SentAt sent_at,
                                                           std::function<void()> ended) {
    const int event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (event_fd < 0) {
        return absl::ResourceExhaustedError(
            "no descriptor is left for a recording; stop another or raise the limit");
    }
    auto writer = CaptureWriter::create(file);
    if (!writer.ok()) {
        close(event_fd);
        return writer.status();
    }
    return std::unique_ptr<Recorder>(new Recorder(control, file, limit, sent_at, std::move(ended),
                                                  *std::move(writer), event_fd));
}

Recorder::Recorder(graph::Control& control, std::string file, uint64_t limit, SentAt sent_at,
                   std::function<void()> ended, CaptureWriter writer, int event_fd)
    : file_(std::move(file)),
      limit_(limit),
      sent_at_(sent_at),
      ended_(std::move(ended)),
      writer_(std::move(writer)),
      ring_(capacity),
      event_fd_(event_fd) {
    watch_ = control.on_readable(event_fd_, [this] { drain(); });
}

Recorder::~Recorder() {
    watch_.cancel();
    close(event_fd_);
}

void Recorder::wake() noexcept {
    if (!told_.exchange(true)) {
        const uint64_t one = 1;
        [[maybe_unused]] const ssize_t written = ::write(event_fd_, &one, sizeof(one));
    }
}

bool Recorder::offer(graph::Packet& packet, uint64_t now_tsc) noexcept {
    sent_at_.of(packet) = now_tsc;
    if (!ring_.push(packet)) {
        overflow_.fetch_add(1, std::memory_order_relaxed);
        return false;
    }
    wake();
    return true;
}

void Recorder::drain() {
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t taken = read(event_fd_, &count, sizeof(count));
    // An exchange, not a store: what was pushed before the sender told us is seen below.
    told_.exchange(false);
    graph::Packet* packets[batch];
    const unsigned got = ring_.pop(packets);
    const bool was_open = !ended();
    clock_.refresh();
    for (unsigned i = 0; i < got; ++i) {
        write(*packets[i]);
    }
    graph::free_packets({packets, got});
    if (!ended()) {
        if (auto status = writer_->flush(); !status.ok()) {
            status_ = status;
            writer_.reset();
        }
    }
    if (!ring_.empty()) {
        wake();
    }
    if (was_open && ended()) {
        ended_();
    }
}

void Recorder::write(graph::Packet& packet) {
    if (ended()) {
        return;
    }
    const uint64_t time_ns = clock_.unix_ns(sent_at_.of(packet));
    if (packet.mbuf()->nb_segs == 1) {
        writer_->write(packet.bytes(), time_ns);
    } else {
        whole_.clear();
        for (const rte_mbuf* segment = packet.mbuf(); segment != nullptr; segment = segment->next) {
            const auto* begin = rte_pktmbuf_mtod(segment, const std::byte*);
            whole_.insert(whole_.end(), begin, begin + segment->data_len);
        }
        writer_->write(whole_, time_ns);
    }
    if (++written_ == limit_) {
        status_ = writer_->flush();
        writer_.reset();
    }
}

void Recorder::finish() {
    watch_.cancel();
    graph::Packet* packets[batch];
    while (const unsigned got = ring_.pop(packets)) {
        for (unsigned i = 0; i < got; ++i) {
            write(*packets[i]);
        }
        graph::free_packets({packets, got});
    }
    if (!ended()) {
        status_ = writer_->flush();
        writer_.reset();
    }
}

}  // namespace pg
