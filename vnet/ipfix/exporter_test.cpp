// SPDX-License-Identifier: Apache-2.0
#include "vnet/ipfix/exporter.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>

#include "graph/testing/wait.hpp"
#include "vnet/ipfix/elements.hpp"
#include "vnet/ipfix/testing/collector.hpp"

namespace vnet::ipfix {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::make_address;
using testing::Collector;
using ::testing::HasSubstr;
using testing::Reader;

constexpr Layout number(256, elements::max_session_entries);
constexpr Layout moment(257, elements::observation_time_milliseconds);

class ExporterTest : public ::testing::Test {
protected:
    static Exporter::Options options(uint16_t port) {
        Exporter::Options options;
        options.destination = make_address("127.0.0.1");
        options.port = port;
        // Nothing leaves by time unless a test wants it.
        options.flush_delay = 1h;
        return options;
    }
    std::unique_ptr<Exporter> make(const Exporter::Options& options) {
        auto made =
            Exporter::create(control_, options, {number.declaration(), moment.declaration()});
        EXPECT_TRUE(made.ok()) << made.status();
        return std::move(made).value();
    }
    Reader::Message wait_for(Collector& collector) {
        std::optional<Reader::Message> message;
        EXPECT_TRUE(graph::testing::eventually([&] { return (message = collector.next()); },
                                               [&] { control_.poll(); }));
        return message.value_or(Reader::Message());
    }
    void wait_for_templates(Collector& collector) {
        const Reader::Message message = wait_for(collector);
        EXPECT_EQ(message.templates, (std::vector<uint16_t>{256, 257}));
        EXPECT_TRUE(message.records.empty());
    }
    graph::Control control_;
};

TEST_F(ExporterTest, TellsTemplatesAndThenRecords) {
    Collector collector;
    auto options = this->options(collector.port());
    options.domain = 99;
    options.source = make_address("127.0.0.1");
    const auto exporter = make(options);
    const auto before = uint32_t(std::time(nullptr));
    exporter->add(number, 42);
    exporter->add(moment, 1'700'000'000'123);
    EXPECT_FALSE(collector.next()) << "it gathers";
    exporter->flush();
    wait_for_templates(collector);
    const Reader::Message message = wait_for(collector);
    EXPECT_EQ(message.domain, 99u);
    EXPECT_EQ(message.sequence, 0u);
    EXPECT_GE(message.export_time, before);
    EXPECT_LE(message.export_time, before + 100);
    ASSERT_EQ(message.records.size(), 2u);
    EXPECT_EQ(message.records[0], (std::pair<uint16_t, Reader::Record>{256, {{471, 42}}}));
    EXPECT_EQ(message.records[1],
              (std::pair<uint16_t, Reader::Record>{257, {{323, 1'700'000'000'123}}}));
    exporter->add(number, 43);
    exporter->flush();
    EXPECT_EQ(wait_for(collector).sequence, 2u) << "records, not messages";
    exporter->flush();
    EXPECT_FALSE(collector.next()) << "nothing is not sent";
    EXPECT_EQ(exporter->counters().records, 3u);
    EXPECT_EQ(exporter->counters().messages, 3u);
    EXPECT_EQ(exporter->counters().bytes, (16u + 4 + 16) + (16 + 4 + 4 + 4 + 8) + (16 + 4 + 4));
    EXPECT_EQ(exporter->counters().lost, 0u);
    EXPECT_EQ(exporter->counters().errors, 0u);
}

TEST_F(ExporterTest, SendsWhatIsFull) {
    Collector collector;
    auto options = this->options(collector.port());
    options.payload_bytes = 512;
    const auto exporter = make(options);
    constexpr unsigned each = (512 - 16 - 4) / 4;
    constexpr unsigned records = 10 * each;
    for (unsigned i = 0; i < records; ++i) {
        exporter->add(number, i);
    }
    wait_for_templates(collector);
    for (unsigned i = 0; i < records - each;) {
        const Reader::Message message = wait_for(collector);
        EXPECT_EQ(message.sequence, i);
        ASSERT_EQ(message.records.size(), each);
        for (const auto& [id, record] : message.records) {
            EXPECT_EQ(record.at(471), i++);
        }
    }
    EXPECT_EQ(collector.longest(), 512u);
    EXPECT_FALSE(collector.next()) << "the last one waits for more";
}

TEST_F(ExporterTest, SendsWhatHasWaited) {
    Collector collector;
    auto options = this->options(collector.port());
    options.flush_delay = 1ms;
    const auto exporter = make(options);
    for (unsigned i = 0; i < 3; ++i) {
        exporter->add(number, i);
        if (i == 0) {
            wait_for_templates(collector);
        }
        EXPECT_EQ(wait_for(collector).records.size(), 1u);
    }
}

TEST_F(ExporterTest, SendsWhatIsLeftWhenItGoes) {
    Collector collector;
    auto exporter = make(options(collector.port()));
    exporter->add(number, 1);
    exporter.reset();
    wait_for_templates(collector);
    EXPECT_EQ(wait_for(collector).records.size(), 1u);
}

TEST_F(ExporterTest, TellsTemplatesAnewAfterSoManyMessages) {
    Collector collector;
    auto options = this->options(collector.port());
    options.template_messages = 3;
    const auto exporter = make(options);
    for (unsigned i = 0; i < 9; ++i) {
        exporter->add(number, i);
        exporter->flush();
        if (i % 3 == 0) {
            wait_for_templates(collector);
        }
        EXPECT_EQ(wait_for(collector).sequence, i);
    }
}

TEST_F(ExporterTest, TellsTemplatesAnewAfterATime) {
    Collector collector;
    auto options = this->options(collector.port());
    options.template_interval = 1ms;
    const auto exporter = make(options);
    exporter->add(number, 1);
    exporter->flush();
    wait_for_templates(collector);
    EXPECT_EQ(wait_for(collector).records.size(), 1u);
    wait_for_templates(collector);
    wait_for_templates(collector);
}

TEST_F(ExporterTest, CountsWhatNobodyListensFor) {
    const uint16_t port = Collector().port();
    const auto exporter = make(options(port));
    for (unsigned i = 0; i < 5; ++i) {
        exporter->add(number, i);
        exporter->flush();
    }
    EXPECT_TRUE(graph::testing::eventually([&] { return exporter->counters().lost == 5; }));
    EXPECT_EQ(exporter->counters().records, 5u);
    EXPECT_GE(exporter->counters().errors, 5u);
    EXPECT_EQ(
        exporter->counters().last_error,
        fmt::format("IPFIX messages do not reach 127.0.0.1 port {}: Connection refused", port));
    // Whoever listens later is told the templates first, though they were not due.
    Collector late(port);
    exporter->add(number, 5);
    exporter->flush();
    wait_for_templates(late);
    const Reader::Message message = wait_for(late);
    EXPECT_EQ(message.sequence, 5u) << "so that it sees what it has missed";
    EXPECT_EQ(message.records.size(), 1u);
    EXPECT_EQ(exporter->counters().lost, 5u);
}

TEST_F(ExporterTest, CountsWhatHasNoWay) {
    auto options = this->options(4739);
    // No host has this address (RFC 5737), and so none can send from it.
    options.source = make_address("192.0.2.1");
    const auto exporter = make(options);
    for (unsigned i = 0; i < 3; ++i) {
        exporter->add(number, i);
        exporter->flush();
    }
    EXPECT_EQ(exporter->counters().lost, 3u);
    EXPECT_EQ(exporter->counters().messages, 0u);
    EXPECT_EQ(exporter->counters().errors, 3u);
    EXPECT_THAT(exporter->counters().last_error, HasSubstr("Cannot assign requested address"));
}

TEST_F(ExporterTest, ARecordOfNoTemplateIsLost) {
    Collector collector;
    const auto exporter = make(options(collector.port()));
    exporter->add(300, std::vector<std::byte>(1400));
    EXPECT_EQ(exporter->counters().lost, 1u);
}

TEST_F(ExporterTest, RefusesWhatIsOutOfRange) {
    const auto problem = [&](auto change, std::vector<Template> templates = {}) {
        auto options = this->options(4739);
        change(options);
        const auto made = Exporter::create(control_, options, std::move(templates));
        EXPECT_EQ(made.status().code(), absl::StatusCode::kInvalidArgument);
        return std::string(made.status().message());
    };
    const auto nothing = [](Exporter::Options&) {};
    EXPECT_THAT(problem([](auto& o) { o.destination = make_address("0.0.0.0"); }),
                HasSubstr("0.0.0.0 is not that of a host"));
    EXPECT_THAT(problem([](auto& o) { o.port = 0; }), HasSubstr("port is 0"));
    EXPECT_THAT(problem([](auto& o) { o.source = make_address("::1"); }),
                HasSubstr("both must be IPv4, or both IPv6"));
    EXPECT_THAT(problem([](auto& o) { o.payload_bytes = 511; }), HasSubstr("512 to 65507"));
    EXPECT_THAT(problem([](auto& o) { o.payload_bytes = 65508; }), HasSubstr("512 to 65507"));
    EXPECT_THAT(problem([](auto& o) { o.template_interval = 0s; }), HasSubstr("above 0"));
    EXPECT_THAT(problem([](auto& o) { o.template_messages = 0; }), HasSubstr("above 0"));
    EXPECT_THAT(problem([](auto& o) { o.flush_delay = -1s; }), HasSubstr("0 or more"));
    EXPECT_THAT(problem(nothing, {{255, {{8, 4}}}}), HasSubstr("256 to 65535"));
    EXPECT_THAT(problem(nothing, {{256, {{8, 4}}}, {256, {{8, 4}}}}), HasSubstr("used once"));
    EXPECT_THAT(problem(nothing, {{256, {}}}), HasSubstr("its records 0"));
    EXPECT_THAT(problem(nothing, {{256, {{8, 1381}}}}), HasSubstr("1 to 1380"));
}

}  // namespace
}  // namespace vnet::ipfix
