// SPDX-License-Identifier: Apache-2.0
#include "vnet/ipfix/exporter.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <set>
#include <utility>

namespace vnet::ipfix {

using boost::asio::ip::udp;

namespace {

constexpr size_t least_payload = 512;
/// What UDP over IPv4 carries.
constexpr size_t most_payload = 65507;

absl::Status check(const Exporter::Options& options) {
    if (options.destination.is_unspecified() || options.destination.is_multicast()) {
        return absl::InvalidArgumentError(fmt::format(
            "the collector's address {} is not that of a host", options.destination.to_string()));
    }
    if (options.port == 0) {
        return absl::InvalidArgumentError("the collector's port is 0; give one of 1 to 65535");
    }
    if (options.source && options.source->is_v4() != options.destination.is_v4()) {
        return absl::InvalidArgumentError(
            fmt::format("from {} nothing can be sent to {}: both must be IPv4, or both IPv6",
                        options.source->to_string(), options.destination.to_string()));
    }
    if (options.payload_bytes < least_payload || options.payload_bytes > most_payload) {
        return absl::InvalidArgumentError(fmt::format("messages of {} bytes: give {} to {}",
                                                      options.payload_bytes, least_payload,
                                                      most_payload));
    }
    if (options.template_interval <= options.template_interval.zero() ||
        options.template_messages == 0) {
        return absl::InvalidArgumentError(
            "templates must be sent anew from time to time: give an interval and a number of "
            "messages above 0");
    }
    if (options.flush_delay < options.flush_delay.zero()) {
        return absl::InvalidArgumentError(
            "records cannot be sent before they are there: give a "
            "delay of 0 or more");
    }
    return absl::OkStatus();
}

absl::Status check(const std::vector<Template>& templates, size_t payload_bytes) {
    std::set<uint16_t> ids;
    for (const Template& declared : templates) {
        if (declared.id < Template::lowest_id || !ids.insert(declared.id).second) {
            return absl::InvalidArgumentError(
                fmt::format("template {}: ids are {} to 65535, each used once", declared.id,
                            Template::lowest_id));
        }
        const size_t room = payload_bytes - Message::header_bytes - Message::set_header_bytes;
        const size_t record = declared.record_bytes();
        if (record == 0 || record > room || declared.bytes() > room) {
            return absl::InvalidArgumentError(
                fmt::format("template {}: it takes {} bytes and its records {}, of which a message "
                            "holds 1 to {}",
                            declared.id, declared.bytes(), record, room));
        }
    }
    return absl::OkStatus();
}

/// The way to the collector has changed: the socket would keep to the source address that it once
/// chose.
bool is_of_the_way(int error) {
    return error == ENETUNREACH || error == EHOSTUNREACH || error == ENETDOWN ||
           error == EADDRNOTAVAIL || error == EINVAL;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Exporter>> Exporter::create(graph::Control& control,
                                                           const Options& options,
                                                           std::vector<Template> templates) {
    if (auto status = check(options); !status.ok()) {
        return status;
    }
    if (auto status = check(templates, options.payload_bytes); !status.ok()) {
        return status;
    }
    return std::unique_ptr<Exporter>(new Exporter(control, options, std::move(templates)));
}

Exporter::Exporter(graph::Control& control, const Options& options, std::vector<Template> templates)
    : control_(control),
      options_(options),
      templates_(std::move(templates)),
      records_(options.payload_bytes),
      declarations_(options.payload_bytes) {
    // While there is nothing to tell, too: a collector that was started meanwhile is to understand
    // the next record.
    template_timer_ = control_.every(options_.template_interval, [this] {
        if (socket_) {
            templates_due_ = true;
            ready();
        }
    });
}

Exporter::~Exporter() {
    flush();
}

void Exporter::add(uint16_t template_id, std::span<const std::byte> record) {
    ++counters_.records;
    if (!records_.add(template_id, record)) {
        flush();
        if (!records_.add(template_id, record)) {
            return lose(1, EMSGSIZE);
        }
    }
    if (!flush_due_) {
        flush_due_ = true;
        flush_timer_ = control_.after(options_.flush_delay, [this] {
            flush_due_ = false;
            flush();
        });
    }
}

void Exporter::flush() {
    if (records_.empty()) {
        return;
    }
    if (ready()) {
        send(records_);
        if (++messages_since_templates_ >= options_.template_messages) {
            templates_due_ = true;
        }
    } else {
        // Nobody could read it. Of a session under way, the collector sees the gap.
        sequence_ += records_.records();
        counters_.lost += records_.records();
    }
    records_.clear();
}

const Exporter::Counters& Exporter::counters() {
    int error = 0;
    socklen_t size = sizeof(error);
    if (socket_ && getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 &&
        error == ECONNREFUSED) {
        refused();
    }
    return counters_;
}

/// A socket is there, and the collector was told the templates as lately as it should be.
bool Exporter::ready() {
    return (socket_ || open()) && (!templates_due_ || send_templates());
}

bool Exporter::open() {
    const udp::endpoint to(options_.destination, options_.port);
    api::File made(socket(to.protocol().family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    bool good = bool(made);
    if (good && options_.source) {
        const udp::endpoint from(*options_.source, 0);
        good = bind(made.get(), from.data(), socklen_t(from.size())) == 0;
    }
    if (!good || connect(made.get(), to.data(), socklen_t(to.size())) != 0) {
        lose(0, errno);
        return false;
    }
    socket_ = std::move(made);
    sequence_ = 0;
    templates_due_ = true;
    unsettled_records_ = 0;
    return true;
}

bool Exporter::send_templates() {
    for (auto next = templates_.begin(); next != templates_.end();) {
        declarations_.clear();
        while (next != templates_.end() && declarations_.add(*next)) {
            ++next;
        }
        if (!send(declarations_)) {
            return false;
        }
    }
    templates_due_ = false;
    messages_since_templates_ = 0;
    return true;
}

bool Exporter::send(Message& message) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(
        std::chrono::system_clock::now().time_since_epoch());
    const auto bytes = message.finish({uint32_t(seconds.count()), sequence_, options_.domain});
    sequence_ += message.records();
    bool sent = send(bytes);
    if (!sent && errno == ECONNREFUSED) {
        // That was said of the message before; this one has not been tried yet.
        refused();
        sent = send(bytes);
    }
    if (sent) {
        ++counters_.messages;
        counters_.bytes += bytes.size();
        unsettled_records_ = message.records();
        return true;
    }
    const int error = errno;
    lose(message.records(), error);
    unsettled_records_ = 0;
    if (is_of_the_way(error)) {
        socket_ = api::File();
    }
    return false;
}

bool Exporter::send(std::span<const std::byte> bytes) {
    return ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

/// The collector's host says that nobody listens there.
void Exporter::refused() {
    lose(std::exchange(unsettled_records_, 0), ECONNREFUSED);
    // Who listens next knows no templates.
    templates_due_ = true;
}

void Exporter::lose(uint64_t records, int error) {
    counters_.lost += records;
    ++counters_.errors;
    counters_.last_error =
        fmt::format("IPFIX messages do not reach {} port {}: {}", options_.destination.to_string(),
                    options_.port, std::strerror(error));
}

}  // namespace vnet::ipfix
