// SPDX-License-Identifier: Apache-2.0
#include "vnet/capture/writer.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <rte_cycles.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstring>
#include <system_error>

namespace vnet::capture {

namespace {
/// Workers tell nobody that they have put something into a ring, since a system call would cost
/// more than the packet: the thread looks by itself. A ring holds several times of what comes
/// meanwhile.
constexpr auto pause = std::chrono::milliseconds(1);
/// A write to the sink when so much is there.
constexpr size_t enough_bytes = size_t(256) << 10;
/// Packets before the thread looks at the clock and at what control wants.
constexpr unsigned batch = 16384;
}  // namespace

absl::StatusOr<std::unique_ptr<Writer>> Writer::start(graph::Control& control,
                                                      std::shared_ptr<Intake> intake,
                                                      std::unique_ptr<Sink> sink, Options options,
                                                      std::function<void()> news) {
    api::File event(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    if (!event) {
        return absl::ResourceExhaustedError(
            "no descriptor is left for a capture; end something else first");
    }
    std::unique_ptr<Writer> writer(new Writer(control, std::move(intake), std::move(sink),
                                              std::move(options), std::move(news),
                                              std::move(event)));
    try {
        writer->thread_ = std::thread([writer = writer.get()] { writer->run(); });
    } catch (const std::system_error& error) {
        return absl::ResourceExhaustedError(
            fmt::format("no thread is left for a capture: {}", error.what()));
    }
    return writer;
}

Writer::Writer(graph::Control& control, std::shared_ptr<Intake> intake, std::unique_ptr<Sink> sink,
               Options options, std::function<void()> news, api::File event)
    : intake_(std::move(intake)),
      sink_(std::move(sink)),
      options_(std::move(options)),
      news_(std::move(news)),
      event_(std::move(event)),
      began_tsc_(rte_rdtsc()) {
    watch_ = control.on_readable(event_.get(), [this] {
        uint64_t count = 0;
        [[maybe_unused]] const ssize_t taken = read(event_.get(), &count, sizeof(count));
        news_();
    });
}

Writer::~Writer() {
    watch_.cancel();
    if (thread_.joinable()) {
        finish();
        thread_.join();
    }
}

void Writer::finish() {
    const std::lock_guard lock(mutex_);
    finishing_ = true;
    asked_.notify_one();
}

void Writer::rename(interface::Index interface, InterfaceText text) {
    const std::lock_guard lock(mutex_);
    renamed_.emplace_back(interface, std::move(text));
}

void Writer::enter(Phase phase) {
    phase_.store(phase, std::memory_order_release);
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(event_.get(), &one, sizeof(one));
}

void Writer::fail(absl::Status status) {
    status_ = std::move(status);
    enter(Phase::failed);
}

void Writer::run() {
    pthread_setname_np(pthread_self(), "capture");
    blocks_.section(options_.application, options_.comment);
    const auto& asked_for = intake_->selection().interfaces;
    for (const interface::Index interface : asked_for) {
        number_of(interface, LinkLayer::ethernet);
    }
    for (const auto& [interface, text] : options_.interfaces) {
        if (asked_for.empty()) {
            number_of(interface, LinkLayer::ethernet);
        }
    }
    send();
    bool finishing = false;
    while (!finishing) {
        finishing = wait();
        if (status_.ok() && !sink_->wanted()) {
            fail(absl::CancelledError("nobody wants the capture any longer"));
        }
        clock_.refresh();
        // To the end, where nobody adds any more.
        while (!drain() && finishing) {
        }
        send();
    }
    write_statistics();
    send();
    sink_.reset();
    enter(Phase::done);
}

bool Writer::wait() {
    std::unique_lock lock(mutex_);
    asked_.wait_for(lock, pause, [this] { return finishing_; });
    for (auto& [interface, text] : renamed_) {
        options_.interfaces[interface] = std::move(text);
        numbers_.erase({interface, LinkLayer::ethernet});
        numbers_.erase({interface, LinkLayer::ip});
    }
    renamed_.clear();
    return finishing_;
}

/// Whether nothing is left in the rings.
bool Writer::drain() {
    std::vector<std::span<const std::byte>> heads(intake_->lanes());
    for (size_t lane = 0; lane < heads.size(); ++lane) {
        heads[lane] = intake_->ring(lane).front();
    }
    for (unsigned count = 0; count < batch; ++count) {
        size_t oldest = heads.size();
        TakenPacket taken{};
        for (size_t lane = 0; lane < heads.size(); ++lane) {
            TakenPacket head{};
            if (heads[lane].empty()) {
                continue;
            }
            std::memcpy(&head, heads[lane].data(), sizeof(head));
            if (oldest == heads.size() || head.tsc < taken.tsc) {
                oldest = lane;
                taken = head;
            }
        }
        if (oldest == heads.size()) {
            return true;
        }
        if (phase_.load(std::memory_order_relaxed) == Phase::writing) {
            write(taken, heads[oldest].subspan(sizeof(taken)));
        }
        intake_->ring(oldest).pop();
        heads[oldest] = intake_->ring(oldest).front();
        if (blocks_.bytes().size() >= enough_bytes) {
            send();
        }
    }
    return false;
}

void Writer::write(const TakenPacket& taken, std::span<const std::byte> bytes) {
    Pcapng::Packet packet;
    packet.interface = number_of(taken.interface, taken.link_layer);
    packet.time_ns = clock_.unix_ns(taken.tsc);
    packet.length = taken.length;
    packet.bytes = bytes;
    std::string comment;
    if (taken.point == graph::TapPoint::drop) {
        comment = taken.drop < options_.drops.size()
                      ? fmt::format("dropped by {}", options_.drops[taken.drop])
                      : fmt::format("dropped for reason {} of a plugin that was loaded since",
                                    taken.drop);
        packet.comment = comment;
    } else {
        packet.direction =
            taken.point == graph::TapPoint::rx ? Direction::inbound : Direction::outbound;
    }
    if (options_.bytes != 0 &&
        bytes_.load(std::memory_order_relaxed) + blocks_.bytes().size() + Pcapng::size_of(packet) >
            options_.bytes) {
        enter(Phase::bytes_reached);
        return;
    }
    blocks_.packet(packet);
    ++written_[packet.interface];
    ++waiting_;
    if (packets_.load(std::memory_order_relaxed) + waiting_ == options_.packets) {
        enter(Phase::packets_reached);
    }
}

uint32_t Writer::number_of(interface::Index interface, LinkLayer link_layer) {
    const auto known = numbers_.find({interface, link_layer});
    if (known != numbers_.end()) {
        return known->second;
    }
    InterfaceText text{"router", "packets that the router itself made"};
    if (interface < graph::max_interfaces) {
        const auto found = options_.interfaces.find(interface);
        text = found != options_.interfaces.end()
                   ? found->second
                   : InterfaceText{fmt::format("#{}", interface), {}};
    }
    const auto& selection = intake_->selection();
    const uint32_t number =
        blocks_.interface(link_layer == LinkLayer::ethernet ? Pcapng::ethernet : Pcapng::raw_ip,
                          selection.snap_length, text.name, text.comment,
                          selection.filter ? selection.filter->text() : std::string());
    numbers_[{interface, link_layer}] = number;
    written_.push_back(0);
    return number;
}

void Writer::send() {
    if (blocks_.bytes().empty()) {
        return;
    }
    if (status_.ok()) {
        absl::Status status = sink_->write(blocks_.bytes());
        if (status.ok()) {
            bytes_.fetch_add(blocks_.bytes().size(), std::memory_order_relaxed);
            packets_.fetch_add(waiting_, std::memory_order_relaxed);
        } else {
            fail(std::move(status));
        }
    }
    waiting_ = 0;
    blocks_.clear();
}

void Writer::write_statistics() {
    Pcapng::Statistics statistics;
    statistics.begin_ns = clock_.unix_ns(began_tsc_);
    statistics.end_ns = clock_.unix_ns(rte_rdtsc());
    for (const auto& [which, number] : numbers_) {
        statistics.written = statistics.received = statistics.accepted = written_[number];
        statistics.lost = 0;
        // Packets are counted by interface alone: all are told of with its usual link layer.
        if (which.second == LinkLayer::ethernet) {
            const Intake::Totals totals = intake_->totals(which.first);
            statistics.received = totals.seen;
            statistics.lost = totals.lost;
            statistics.accepted = totals.seen - totals.filtered;
        }
        blocks_.statistics(number, statistics);
    }
}

}  // namespace vnet::capture
