// SPDX-License-Identifier: Apache-2.0
#include "graph/mailbox.hpp"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace graph {

Mailbox::Mailbox(const std::string& name, unsigned capacity, Control& control,
                 std::function<void(std::span<Packet*>)> receive)
    : ring_(capacity),
      control_(control),
      receive_(std::move(receive)),
      event_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (event_fd_ < 0) {
        throw std::runtime_error(
            fmt::format("mailbox '{}' has no event descriptor: {}", name, std::strerror(errno)));
    }
    watch_ = control_.on_readable(event_fd_, [this] { drain(); });
}

Mailbox::~Mailbox() {
    watch_.cancel();
    close(event_fd_);
}

bool Mailbox::push(Packet& packet) noexcept {
    if (!ring_.push(packet)) {
        return false;
    }
    if (!told_.exchange(true)) {
        const uint64_t one = 1;
        [[maybe_unused]] const ssize_t written = write(event_fd_, &one, sizeof(one));
    }
    return true;
}

void Mailbox::drain() {
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t taken = read(event_fd_, &count, sizeof(count));
    // An exchange, not a store: it reads what the sender wrote last, so that what was pushed before
    // is seen below.
    told_.exchange(false);
    Packet* packets[batch];
    const unsigned got = ring_.pop(packets);
    // More than a batch: come back behind what else waits for control, so that a flood does not
    // starve it.
    if (!ring_.empty() && !told_.exchange(true)) {
        const uint64_t one = 1;
        [[maybe_unused]] const ssize_t written = write(event_fd_, &one, sizeof(one));
    }
    if (got != 0) {
        receive_({packets, got});
    }
}

}  // namespace graph
