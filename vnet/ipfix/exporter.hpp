// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <boost/asio/ip/udp.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "api/file.hpp"
#include "graph/control.hpp"
#include "vnet/ipfix/layout.hpp"
#include "vnet/ipfix/message.hpp"

namespace vnet::ipfix {

/// Sends records of one observation domain to a collector, as IPFIX over UDP (RFC 7011). Records
/// gather in one message, which leaves when the next does not fit or after a delay. Nothing waits:
/// what the socket does not take is counted as lost. Owned by who has something to tell; control
/// thread.
class Exporter {
public:
    struct Options {
        boost::asio::ip::address destination;
        /// 4739 is IANA's.
        uint16_t port = 4739;
        /// Of this host, and of the destination's family; nothing: as its routes say.
        std::optional<boost::asio::ip::address> source;
        /// Chosen by the operator, unique in the process that exports; 0 means none in particular.
        uint32_t domain = 1;
        /// Of a message, UDP and IP headers not counted: 512 to 65507.
        size_t payload_bytes = 1400;
        /// Templates are sent anew so often (RFC 7011 8.4)...
        std::chrono::nanoseconds template_interval = std::chrono::minutes(10);
        /// ... and in front of every so many messages of records.
        uint32_t template_messages = 100;
        /// What waits for more records waits no longer than this.
        std::chrono::nanoseconds flush_delay = std::chrono::seconds(1);
    };
    struct Counters {
        /// All that were added, those lost included.
        uint64_t records = 0;
        /// What the socket has taken, templates included.
        uint64_t messages = 0;
        uint64_t bytes = 0;
        /// Records that the socket or the collector's host has refused.
        uint64_t lost = 0;
        /// How often either of them has.
        uint64_t errors = 0;
        /// The last of these, a sentence.
        std::string last_error;
    };

    /// `templates` are all that records will be of. INVALID_ARGUMENT where an option or a template
    /// is out of its range; a collector that cannot be reached is no error, but shows in the
    /// counters.
    static absl::StatusOr<std::unique_ptr<Exporter>> create(graph::Control& control,
                                                            const Options& options,
                                                            std::vector<Template> templates);
    /// Sends what is left.
    ~Exporter();
    Exporter(const Exporter&) = delete;
    Exporter& operator=(const Exporter&) = delete;

    template <class... Values>
    void add(const Layout<Values...>& layout, const std::type_identity_t<Values>&... values) {
        add(layout.id(), layout.record(values...));
    }
    /// The same for a template that is not known when this is compiled.
    void add(uint16_t template_id, std::span<const std::byte> record);
    /// Sends what waits now.
    void flush();

    const Options& options() const noexcept { return options_; }
    /// Asks the socket whether the last message was refused meanwhile.
    const Counters& counters();

private:
    Exporter(graph::Control& control, const Options& options, std::vector<Template> templates);
    bool open();
    bool ready();
    bool send_templates();
    bool send(Message& message);
    bool send(std::span<const std::byte> bytes);
    void refused();
    void lose(uint64_t records, int error);

    graph::Control& control_;
    const Options options_;
    const std::vector<Template> templates_;
    Message records_;
    /// Made anew each time that templates are sent.
    Message declarations_;
    Counters counters_;

    /// A socket is a transport session: with a new one the collector begins anew (RFC 7011 3.1).
    api::File socket_;
    uint32_t sequence_ = 0;
    bool templates_due_ = true;
    uint32_t messages_since_templates_ = 0;
    /// In the last message that the socket took, which may still come back as refused.
    uint32_t unsettled_records_ = 0;

    bool flush_due_ = false;
    graph::Control::Handle flush_timer_;
    graph::Control::Handle template_timer_;
};

}  // namespace vnet::ipfix
