// SPDX-License-Identifier: Apache-2.0
#include "graph/worker.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_pause.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <future>
#include <stdexcept>
#include <utility>

namespace graph {

namespace {
/// How long a worker looks on before it sleeps: about what it costs to sleep and wake, so that it
/// never costs more than twice what knowing the next packet's time would.
constexpr unsigned spin_us = 50;
/// Sleep of a worker that has a source without a descriptor: the first, doubled each time, and the
/// longest.
constexpr unsigned first_sleep_us = 20;
constexpr unsigned longest_sleep_us = 1000;
/// Sleep where all sources have descriptors: they and the wake descriptor end it; this is only a
/// safety net.
constexpr unsigned event_sleep_us = 500'000;
constexpr uint64_t us_per_second = 1'000'000;

/// An error that waits at a socket makes it readable until somebody asks for it, and drivers never
/// do: a worker would not sleep any more.
void clear_error(int fd) noexcept {
    int error = 0;
    socklen_t size = sizeof(error);
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
}
}  // namespace

Worker::Worker(unsigned index, PacketPool& pool, Rcu& rcu, Lanes& lanes)
    : index_(index),
      rcu_(rcu),
      lanes_(lanes),
      dispatch_(index, pool),
      injected_(inject_capacity),
      wake_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      epoll_fd_(epoll_create1(EPOLL_CLOEXEC)) {
    if (wake_fd_ < 0 || epoll_fd_ < 0) {
        throw std::runtime_error(
            fmt::format("worker {} has no descriptors: {}", index, std::strerror(errno)));
    }
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = wake_fd_;
    epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &event);
    dispatch_.tracer().set_worker(uint16_t(index));
}

Worker::~Worker() {
    stop();
    close(epoll_fd_);
    close(wake_fd_);
}

absl::Status Worker::start(std::unique_ptr<Plan> plan, std::optional<unsigned> core,
                           const Nodes& nodes) {
    nodes_ = nodes;
    core_ = core;
    stop_.store(false, std::memory_order_relaxed);
    busy_tsc_ = 0;
    take_up(plan.release());
    std::promise<absl::Status> promise;
    auto outcome = promise.get_future();
    thread_ = std::thread([this, ready = std::move(promise), core]() mutable {
        if (core) {
            cpu_set_t set;
            CPU_ZERO(&set);
            CPU_SET(*core, &set);
            if (const int error = pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
                error != 0) {
                ready.set_value(absl::InvalidArgumentError(fmt::format(
                    "worker {} cannot run on core {}: {}; give cores that this machine has", index_,
                    *core, std::strerror(error))));
                return;
            }
        }
        // By default the kernel lets timers be 50 us late, to save itself wake-ups.
        prctl(PR_SET_TIMERSLACK, 1);
        thread_id_.store(gettid(), std::memory_order_relaxed);
        pthread_setname_np(pthread_self(), fmt::format("worker-{}", index_).c_str());
        if (rte_thread_register() != 0) {
            ready.set_value(absl::ResourceExhaustedError(
                fmt::format("worker {} cannot join DPDK: {}", index_, rte_strerror(rte_errno))));
            return;
        }
        rcu_.join(index_);
        rcu_.online(index_);
        ready.set_value(absl::OkStatus());
        run();
        rcu_.offline(index_);
        rcu_.leave(index_);
        rte_thread_unregister();
    });
    absl::Status status = outcome.get();
    if (!status.ok()) {
        thread_.join();
    }
    return status;
}

void Worker::stop() {
    if (thread_.joinable()) {
        stop_.store(true, std::memory_order_release);
        wake();
        thread_.join();
    }
    injected_.clear();
    delete offered_.exchange(nullptr);
    if (Plan* plan = current_.exchange(nullptr)) {
        unwatch(plan);
        dispatch_.adopt(nullptr);
        delete plan;
    }
}

std::unique_ptr<Plan> Worker::adopt(std::unique_ptr<Plan> plan) {
    Plan* const before = current_.load(std::memory_order_acquire);
    if (!thread_.joinable()) {
        take_up(plan.release());
        return std::unique_ptr<Plan>(before);
    }
    offered_.store(plan.release(), std::memory_order_seq_cst);
    wake();
    while (current_.load(std::memory_order_acquire) == before) {
        std::this_thread::yield();
    }
    return std::unique_ptr<Plan>(before);
}

bool Worker::inject(Packet& packet, NodeId start) noexcept {
    packet.meta().start = start;
    if (!injected_.push(packet)) {
        return false;
    }
    wake();
    return true;
}

void Worker::wake() noexcept {
    // Pairs with the fence in sleep(): either the worker sees the news or we see that it sleeps.
    // The first who sees it rings, the others need not.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (sleeping_.load(std::memory_order_relaxed) &&
        sleeping_.exchange(false, std::memory_order_relaxed)) {
        const uint64_t one = 1;
        [[maybe_unused]] const ssize_t written = write(wake_fd_, &one, sizeof(one));
    }
}

void Worker::watch(const Plan* plan) noexcept {
    timer_only_ = false;
    never_sleeps_ = false;
    bool adaptive = false;
    for (const auto& [source, mode] : plan->sources) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = source->wait_fd();
        if (source->wait_fd() < 0 ||
            epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, source->wait_fd(), &event) != 0) {
            timer_only_ = true;
        }
        never_sleeps_ |= mode == RxMode::polling;
        adaptive |= mode == RxMode::adaptive;
    }
    spin_clocks_ = adaptive ? rte_get_tsc_hz() / us_per_second * spin_us : 0;
}

void Worker::unwatch(const Plan* plan) noexcept {
    for (const auto& [source, mode] : plan->sources) {
        if (source->wait_fd() >= 0) {
            epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, source->wait_fd(), nullptr);
        }
    }
}

void Worker::take_up(Plan* plan) noexcept {
    if (const Plan* before = current_.load(std::memory_order_relaxed)) {
        unwatch(before);
    }
    watch(plan);
    dispatch_.adopt(plan->runtime.get());
    current_.store(plan, std::memory_order_release);
}

unsigned Worker::take_injected() noexcept {
    Packet* packets[vector_size];
    const unsigned count = injected_.pop(packets);
    if (count == 0) {
        return 0;
    }
    dispatch_.begin_input(nodes_.inject);
    for (unsigned i = 0; i < count; ++i) {
        dispatch_.enqueue(*packets[i], packets[i]->meta().start);
    }
    dispatch_.end_input(count);
    return count;
}

unsigned Worker::take_handed_over() noexcept {
    return lanes_.drain(index_, [this](std::span<Packet* const> packets) {
        dispatch_.begin_input(nodes_.handed_over);
        for (Packet* packet : packets) {
            dispatch_.enqueue(*packet, packet->meta().start);
        }
        dispatch_.end_input(unsigned(packets.size()));
        if (dispatch_.gathered() >= vector_size) {
            dispatch_.drain();
        }
    });
}

unsigned Worker::round() noexcept {
    unsigned packets = take_injected();
    packets += take_handed_over();
    for (const auto& [source, mode] : current_.load(std::memory_order_relaxed)->sources) {
        dispatch_.begin_input(source->node());
        const unsigned count = source->poll(dispatch_);
        if (count == 0) {
            continue;
        }
        dispatch_.end_input(count);
        source->brought.add(count);
        packets += count;
        if (dispatch_.gathered() >= vector_size) {
            dispatch_.drain();
        }
    }
    dispatch_.drain();
    return packets;
}

void Worker::run() noexcept {
    WorkerCounters& counters = dispatch_.counters();
    while (!stop_.load(std::memory_order_acquire)) {
        if (offered_.load(std::memory_order_relaxed) != nullptr) [[unlikely]] {
            take_up(offered_.exchange(nullptr, std::memory_order_acquire));
        }
        dispatch_.tick();
        const uint64_t before = dispatch_.now_tsc();
        const unsigned packets = round();
        counters.loops.add(1);
        rcu_.quiescent(index_);
        if (packets != 0) {
            busy_tsc_ = dispatch_.now_tsc();
            counters.busy_loops.add(1);
            counters.busy_clocks.add(busy_tsc_ - before);
            if (sleep_us_ != 0) {
                sleep_us_ = 0;
                counters.sleep_us.set(0);
            }
        } else if (never_sleeps_ || before - busy_tsc_ < spin_clocks_) {
            rte_pause();
        } else {
            sleep();
        }
    }
}

bool Worker::may_sleep() const noexcept {
    return offered_.load(std::memory_order_relaxed) == nullptr &&
           !stop_.load(std::memory_order_relaxed) && injected_.empty() && !lanes_.news(index_);
}

void Worker::sleep() noexcept {
    const auto& sources = current_.load(std::memory_order_relaxed)->sources;
    sleeping_.store(true, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    bool quiet = may_sleep();
    size_t armed = 0;
    while (quiet && armed < sources.size()) {
        quiet = sources[armed++].source->arm();
    }
    if (quiet) {
        sleep_us_ = timer_only_ ? std::clamp(sleep_us_ * 2, first_sleep_us, longest_sleep_us)
                                : event_sleep_us;
        const timespec limit{sleep_us_ / 1'000'000, long(sleep_us_ % 1'000'000) * 1000};
        dispatch_.counters().sleep_us.set(sleep_us_);
        dispatch_.counters().sleeps.add(1);
        const uint64_t before = rte_rdtsc();
        rcu_.offline(index_);
        epoll_event events[8];
        const int ready = epoll_pwait2(epoll_fd_, events, 8, &limit, nullptr);
        rcu_.online(index_);
        count_wake({events, size_t(std::max(ready, 0))}, rte_rdtsc() - before);
    }
    for (size_t i = 0; i < armed; ++i) {
        sources[i].source->disarm();
    }
    sleeping_.store(false, std::memory_order_relaxed);
}

void Worker::count_wake(std::span<const epoll_event> events, uint64_t slept_clocks) noexcept {
    WorkerCounters& counters = dispatch_.counters();
    counters.sleep_clocks.add(slept_clocks);
    if (events.empty()) {
        const uint64_t asked_for = rte_get_tsc_hz() / us_per_second * sleep_us_;
        counters.wakes_timer.add(1);
        counters.late_clocks.add(slept_clocks > asked_for ? slept_clocks - asked_for : 0);
        return;
    }
    bool packets = lanes_.news(index_);
    for (const epoll_event& event : events) {
        if (event.data.fd == wake_fd_) {
            uint64_t count = 0;
            [[maybe_unused]] const ssize_t taken = read(wake_fd_, &count, sizeof(count));
            continue;
        }
        packets = true;
        if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) {
            clear_error(event.data.fd);
        }
    }
    (packets ? counters.wakes_packets : counters.wakes_control).add(1);
}

}  // namespace graph
