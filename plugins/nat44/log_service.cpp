// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/log_service.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ip/address_v4.hpp>
#include <cctype>
#include <optional>
#include <vector>

#include "plugins/nat44/log_ipfix.hpp"
#include "plugins/nat44/nat44.pb.h"
#include "vnet/service/convert.hpp"

namespace nat44 {

namespace {

namespace proto = sluice::nat44;
using vnet::ipfix::Exporter;
using vnet::service::done;
using vnet::service::from_api;
using vnet::service::to_api;

template <class Request>
Destinations destinations_of(const Request& request) {
    return request.destinations() ? Destinations::told : Destinations::left_out;
}

boost::asio::ip::address host_address(Ip4Address address) {
    return boost::asio::ip::address_v4(address.value());
}

/// Where the log goes: to one collector at most. Control thread.
class Collector {
public:
    Collector(graph::Control& control, std::shared_ptr<Log> log)
        : control_(control), log_(std::move(log)) {}

    absl::Status set(const proto::LogRequest& request) {
        if (request.has_port() && (request.port() == 0 || request.port() > most_port)) {
            return absl::OutOfRangeError(
                fmt::format("port {} is out of range; give 1 to 65535", request.port()));
        }
        const Ip4Address collector = from_api(request.collector());
        if (!collector.valid_source() && !collector.is_loopback()) {
            return absl::InvalidArgumentError(
                fmt::format("{} cannot be a collector; give a host's address", collector));
        }
        Exporter::Options options;
        options.destination = host_address(collector);
        options.port = request.has_port() ? uint16_t(request.port()) : options.port;
        options.domain = request.has_domain() ? request.domain() : options.domain;
        if (request.has_source()) {
            options.source = host_address(from_api(request.source()));
        }
        const Destinations destinations = destinations_of(request);
        auto exporter = Exporter::create(control_, options, log_templates(destinations));
        if (!exporter.ok()) {
            return exporter.status();
        }
        sink_.reset();
        exporter_ = *std::move(exporter);
        sink_ = log_->add_sink([this, destinations](std::span<const LogRecord> records) {
            export_records(*exporter_, records, destinations);
        });
        statement_ = request;
        return absl::OkStatus();
    }
    absl::Status reset() {
        if (exporter_ == nullptr) {
            return absl::NotFoundError("the log of nat44 goes to no collector");
        }
        sink_.reset();
        exporter_.reset();
        statement_.reset();
        return absl::OkStatus();
    }
    const std::optional<proto::LogRequest>& statement() const noexcept { return statement_; }
    proto::LogState state() {
        proto::LogState state;
        const Log::Counters counters = log_->counters();
        state.set_records(counters.records);
        state.set_lost(counters.lost);
        state.set_suppressed(counters.suppressed);
        state.set_collector("-");
        if (exporter_ != nullptr) {
            const Exporter::Counters& sent = exporter_->counters();
            const Exporter::Options& options = exporter_->options();
            state.set_collector(
                fmt::format("{} port {}", options.destination.to_string(), options.port));
            state.set_lost(counters.lost + sent.lost);
            state.set_messages(sent.messages);
            state.set_last_error(sent.last_error);
        }
        return state;
    }

private:
    graph::Control& control_;
    std::shared_ptr<Log> log_;
    std::unique_ptr<Exporter> exporter_;
    std::shared_ptr<void> sink_;
    std::optional<proto::LogRequest> statement_;
};

std::string end(Ip4Address address, uint16_t port) {
    return fmt::format("{}:{}", address, port);
}

/// "2026-01-31T12:00:00.123456 session created: protocol 6 10.0.0.1:1000 as ... with ...".
std::string line_of(const LogRecord& record, const proto::LogEvent& event) {
    const auto seconds = std::chrono::seconds(record.time_ns / 1'000'000'000);
    const std::chrono::sys_seconds time(seconds);
    const uint64_t micros = record.time_ns / 1000 % 1'000'000;
    std::string words = proto::LogKind_Name(event.kind()).substr(sizeof("LOG_KIND_") - 1);
    std::transform(words.begin(), words.end(), words.begin(),
                   [](char c) { return c == '_' ? ' ' : char(std::tolower(c)); });
    std::string line = fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06} {}", time, micros, words);
    switch (record.kind) {
        case LogKind::session_created:
        case LogKind::session_deleted:
        case LogKind::mapping_created:
        case LogKind::mapping_deleted:
            return line + fmt::format(": protocol {} {} as {}{}\n", record.protocol,
                                      end(record.inside, record.inside_port),
                                      end(record.outside, record.outside_port),
                                      event.has_remote()
                                          ? " with " + end(record.remote, record.remote_port)
                                          : "");
        case LogKind::block_allocated:
        case LogKind::block_released:
            return line + fmt::format(": {} as {} ports {} to {}\n", record.inside, record.outside,
                                      record.block_first, record.block_last);
        default:
            return line + fmt::format(": {} of pool '{}'{}\n", record.inside, event.pool(),
                                      record.suppressed == 0
                                          ? ""
                                          : fmt::format(", and {} more", record.suppressed));
    }
}

proto::LogEvent event_of(const Nat& nat, const vnet::vrf::Vrfs& vrfs, const LogRecord& record,
                         Destinations destinations) {
    proto::LogEvent event;
    event.set_time_ns(record.time_ns);
    event.set_kind(proto::LogKind(record.kind));
    event.set_protocol(record.protocol);
    *event.mutable_inside() = to_api(record.inside);
    event.set_inside_port(record.inside_port);
    *event.mutable_outside() = to_api(record.outside);
    event.set_outside_port(record.outside_port);
    const bool of_session =
        record.kind == LogKind::session_created || record.kind == LogKind::session_deleted;
    if (of_session && destinations == Destinations::told) {
        *event.mutable_remote() = to_api(record.remote);
        event.set_remote_port(record.remote_port);
    }
    event.set_block_first(record.block_first);
    event.set_block_last(record.block_last);
    event.set_inside_vrf(vrfs.name_of(Vrf(record.inside_vrf)));
    if (is_limited(record.kind)) {
        event.set_pool(nat.pool_name(uint16_t(record.pool)));
    }
    event.set_limit(record.limit);
    event.set_suppressed(record.suppressed);
    return event;
}

/// Clients that follow the log, each for as long as it is there. Control thread.
class Followers {
public:
    Followers(graph::Control& control, const Nat& nat, const vnet::vrf::Vrfs& vrfs, Log& log)
        : nat_(nat), vrfs_(vrfs), log_(log) {
        timer_ = control.every(std::chrono::seconds(1), [this] { forget_gone(); });
    }
    ~Followers() { timer_.cancel(); }
    Followers(const Followers&) = delete;
    Followers& operator=(const Followers&) = delete;

    void add(Destinations destinations, const api::Watcher<proto::LogBatch>& watcher) {
        auto sink = log_.add_sink([=, this](std::span<const LogRecord> records) {
            proto::LogBatch batch;
            for (const LogRecord& record : records) {
                proto::LogEvent& event = *batch.add_events() =
                    event_of(nat_, vrfs_, record, destinations);
                batch.mutable_text()->append(line_of(record, event));
            }
            (void)watcher.push(batch);
        });
        all_.push_back({watcher, std::move(sink)});
    }

private:
    struct Follower {
        api::Watcher<proto::LogBatch> watcher;
        std::shared_ptr<void> sink;
    };
    void forget_gone() {
        std::erase_if(all_, [](const Follower& follower) { return !follower.watcher.is_open(); });
    }

    const Nat& nat_;
    const vnet::vrf::Vrfs& vrfs_;
    Log& log_;
    std::vector<Follower> all_;
    graph::Control::Handle timer_;
};

}  // namespace

absl::Status register_log_service(vnet::plugin::Registry& registry, const Nat& nat,
                                  const std::shared_ptr<Log>& log) {
    const auto collector = std::make_shared<Collector>(registry.engine().control(), log);
    registry.keep(collector);
    const auto followers = std::make_shared<Followers>(registry.engine().control(), nat,
                                                       registry.router().vrfs(), *log);
    registry.keep(followers);
    registry.add_config([collector = collector.get()](const api::config::Emit& emit) {
        if (collector->statement()) {
            emit("sluice.nat44.Nat44.SetLog", *collector->statement());
        }
    });
    absl::Status status = registry.add_unary<proto::LogRequest, sluice::Empty>(
        "sluice.nat44.Nat44.SetLog", [collector = collector.get()](const auto& request) {
            return done(collector->set(request));
        });
    status.Update(registry.add_unary<proto::ResetLogRequest, sluice::Empty>(
        "sluice.nat44.Nat44.ResetLog",
        [collector = collector.get()](const auto&) { return done(collector->reset()); }));
    status.Update(registry.add_unary<proto::ShowLogRequest, proto::LogState>(
        "sluice.nat44.Nat44.ShowLog",
        [collector = collector.get()](const auto&) -> absl::StatusOr<proto::LogState> {
            return collector->state();
        }));
    status.Update(registry.add_watch<proto::WatchLogRequest, proto::LogBatch>(
        "sluice.nat44.Nat44.WatchLog",
        [followers = followers.get()](const auto& request, api::Watcher<proto::LogBatch> watcher) {
            followers->add(destinations_of(request), watcher);
            return absl::OkStatus();
        }));
    return status;
}

}  // namespace nat44
