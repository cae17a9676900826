// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>

#include "api/metrics/collectors.hpp"
#include "api/metrics/endpoint.hpp"
#include "api/metrics/text.hpp"

namespace api::metrics {
namespace {

using ::testing::HasSubstr;

class Metrics : public ::testing::Test {
protected:
    absl::Status add(
        Family family, Collector collector = [](Samples&) {}) {
        return collectors_.add("test", std::move(family), std::move(collector));
    }
    std::string text(Format format = Format::openmetrics) const {
        return render(collectors_.collect(), format);
    }

    Collectors collectors_;
};

TEST_F(Metrics, AreWrittenInOrderOfTheirNamesUpToTheEnd) {
    ASSERT_TRUE(add({"sluice_up_seconds", Kind::gauge, "seconds", "How long it runs."},
                    [](Samples& samples) { samples.add(1.5); })
                    .ok());
    ASSERT_TRUE(add({"sluice_rx_packets", Kind::counter, "packets", "Came in.", {"interface"}},
                    [](Samples& samples) {
                        samples.add({"lan"}, uint64_t(18446744073709551615U));
                        samples.add({"wan"}, uint64_t(0));
                    })
                    .ok());
    ASSERT_TRUE(
        add({"sluice_build", Kind::info, "", "What runs.", {"version"}}, [](Samples& samples) {
            samples.add({"0.1.0"}, uint64_t(1));
        }).ok());
    EXPECT_EQ(text(),
              "# TYPE sluice_build info\n"
              "# HELP sluice_build What runs.\n"
              "sluice_build_info{version=\"0.1.0\"} 1\n"
              "# TYPE sluice_rx_packets counter\n"
              "# UNIT sluice_rx_packets packets\n"
              "# HELP sluice_rx_packets Came in.\n"
              "sluice_rx_packets_total{interface=\"lan\"} 18446744073709551615\n"
              "sluice_rx_packets_total{interface=\"wan\"} 0\n"
              "# TYPE sluice_up_seconds gauge\n"
              "# UNIT sluice_up_seconds seconds\n"
              "# HELP sluice_up_seconds How long it runs.\n"
              "sluice_up_seconds 1.5\n"
              "# EOF\n");
    EXPECT_EQ(text(Format::prometheus),
              "# TYPE sluice_build_info gauge\n"
              "# HELP sluice_build_info What runs.\n"
              "sluice_build_info{version=\"0.1.0\"} 1\n"
              "# TYPE sluice_rx_packets_total counter\n"
              "# HELP sluice_rx_packets_total Came in.\n"
              "sluice_rx_packets_total{interface=\"lan\"} 18446744073709551615\n"
              "sluice_rx_packets_total{interface=\"wan\"} 0\n"
              "# TYPE sluice_up_seconds gauge\n"
              "# HELP sluice_up_seconds How long it runs.\n"
              "sluice_up_seconds 1.5\n");
}

TEST_F(Metrics, WithoutSamplesAreLeftOut) {
    ASSERT_TRUE(add({"sluice_nothing", Kind::gauge, "", "None."}).ok());
    ASSERT_TRUE(add({"sluice_failing", Kind::gauge, "", "Fails."}, [](Samples& samples) {
                    samples.add(uint64_t(1));
                    throw std::runtime_error("no");
                }).ok());
    EXPECT_EQ(text(), "# EOF\n");
    EXPECT_EQ(text(Format::prometheus), "");
}

TEST_F(Metrics, LabelsAreEscaped) {
    ASSERT_TRUE(add({"sluice_x", Kind::gauge, "", "One.", {"a", "b", "c"}}, [](Samples& samples) {
                    samples.add({"quote \" back \\ line \n", "\xc3\xa9\xff\xe2\x82"}, 1.0);
                }).ok());
    EXPECT_THAT(text(),
                HasSubstr("sluice_x{a=\"quote \\\" back \\\\ line \\n\","
                          "b=\"\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\",c=\"\"} 1\n"));
}

TEST_F(Metrics, NumbersThatAreNoneHaveNames) {
    ASSERT_TRUE(add({"sluice_x", Kind::gauge, "", "One.", {"n"}}, [](Samples& samples) {
                    samples.add({"1"}, std::numeric_limits<double>::infinity());
                    samples.add({"2"}, -std::numeric_limits<double>::infinity());
                    samples.add({"3"}, std::numeric_limits<double>::quiet_NaN());
                }).ok());
    EXPECT_THAT(text(),
                HasSubstr("{n=\"1\"} +Inf\nsluice_x{n=\"2\"} -Inf\nsluice_x{n=\"3\"} NaN\n"));
}

TEST_F(Metrics, WrongNamesAreRefusedWithASentence) {
    const auto refused = [this](Family family) {
        return std::string(add(std::move(family)).message());
    };
    EXPECT_THAT(refused({"sluice_Rx", Kind::gauge, "", ""}), HasSubstr("lower-case"));
    EXPECT_THAT(refused({"rx", Kind::gauge, "", ""}), HasSubstr("sluice_"));
    EXPECT_THAT(refused({"sluice_rx_total", Kind::counter, "", ""}), HasSubstr("_total"));
    EXPECT_THAT(refused({"sluice_rx", Kind::counter, "bytes", ""}), HasSubstr("unit is bytes"));
    EXPECT_THAT(refused({"sluice_rx", Kind::counter, "", "", {"a-b"}}), HasSubstr("'a-b'"));
    EXPECT_THAT(refused({"sluice_rx", Kind::counter, "", "", {"a", "a"}}), HasSubstr("'a'"));
    ASSERT_TRUE(add({"sluice_rx", Kind::counter, "", ""}).ok());
    EXPECT_THAT(refused({"sluice_rx", Kind::counter, "", ""}), HasSubstr("of test already"));
}

TEST_F(Metrics, GoWithTheirOwnerAmidAPage) {
    const Collector one = [](Samples& samples) { samples.add(uint64_t(1)); };
    ASSERT_TRUE(add({"sluice_a", Kind::gauge, "", ""}, one).ok());
    ASSERT_TRUE(collectors_.add("plugin", {"sluice_b", Kind::gauge, "", ""}, one).ok());
    ASSERT_TRUE(add({"sluice_c", Kind::gauge, "", ""}, one).ok());
    Page page;
    std::string after;
    EXPECT_TRUE(collectors_.collect_next(after, page));
    collectors_.remove_owner("plugin");
    EXPECT_TRUE(collectors_.collect_next(after, page));
    EXPECT_FALSE(collectors_.collect_next(after, page));
    ASSERT_EQ(page.size(), 2U);
    EXPECT_EQ(page[1].family->name, "sluice_c");
}

TEST(MetricsFormat, IsTheOneThatIsAskedFor) {
    EXPECT_EQ(format_for(""), Format::openmetrics);
    EXPECT_EQ(format_for("*/*"), Format::openmetrics);
    EXPECT_EQ(format_for("Application/OpenMetrics-Text;version=1.0.0;q=0.75,text/plain;q=0.5"),
              Format::openmetrics);
    EXPECT_EQ(format_for("text/plain;version=0.0.4;q=0.3,*/*;q=0.1"), Format::prometheus);
}

TEST(MetricsEndpoint, IsReadInItsForms) {
    EXPECT_EQ(to_string(*parse_endpoint("9105")), "http://127.0.0.1:9105/metrics");
    EXPECT_EQ(to_string(*parse_endpoint("0.0.0.0:80")), "http://0.0.0.0:80/metrics");
    EXPECT_EQ(to_string(*parse_endpoint("[::1]:0")), "http://[::1]:0/metrics");
    EXPECT_EQ(to_string(*parse_endpoint("unix:/run/x")), "unix:/run/x");
    for (const char* wrong : {"", "x", "65536", "-1", "localhost:1", "::1:5", "1.2.3.4",
                              "1.2.3.4:", "[1.2.3.4]:1", "unix:", "9105 "}) {
        EXPECT_THAT(std::string(parse_endpoint(wrong).status().message()), HasSubstr("give a port"))
            << wrong;
    }
}

}  // namespace
}  // namespace api::metrics
