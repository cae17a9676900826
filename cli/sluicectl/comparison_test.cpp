// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <sstream>

#include "api/grammar/printer.hpp"
#include "api/grammar/testing/fixture.hpp"
#include "cli/sluicectl/watch.hpp"

namespace cli {
namespace {

using api::grammar::Printer;
using api::grammar::Shape;

class ComparisonTest : public ::testing::Test {
protected:
    std::string picture(const std::vector<std::string>& lines) {
        return show({}, [&](Stage& stage) {
            for (const std::string& line : lines) {
                stage.row({{}, line});
            }
        });
    }

    std::string table(const std::vector<std::vector<std::string>>& rows) {
        const Shape shape{Shape::Kind::table,
                          {{nullptr, "name", "", false}, {nullptr, "n", "", true}}};
        return show(shape, [&](Stage& stage) {
            for (const auto& cells : rows) {
                stage.row({cells, ""});
            }
        });
    }

private:
    std::string show(const Shape& shape, const std::function<void(Stage&)>& rows) {
        std::ostringstream out;
        Printer printer(out, {0, true});
        const auto stage = comparison_.stage(printer, now_);
        now_ += std::chrono::seconds(2);
        stage->begin(shape);
        rows(*stage);
        stage->finish();
        return out.str();
    }

    Comparison comparison_;
    Comparison::Clock::time_point now_;
};

TEST_F(ComparisonTest, MarksNumbersThatChanged) {
    EXPECT_EQ(picture({"a: 1, b: 2", "x 7"}), "a: 1, b: 2\nx 7\n");
    EXPECT_EQ(picture({"a: 1, b: 30", "x 7", "new 1"}), "a: 1, b: \x1b[7m30\x1b[0m\nx 7\nnew 1\n");
    EXPECT_EQ(picture({"a: 1, b: 30"}), "a: 1, b: 30\n");
}

TEST_F(ComparisonTest, TellsHowFastCountersGrow) {
    const std::string head = "\x1b[1mname\x1b[0m";
    EXPECT_EQ(table({{"lan", "10"}, {"wan", "5"}}),
              head + "   \x1b[1mn\x1b[0m\nlan   10\nwan    5\n");
    EXPECT_EQ(table({{"new", "1"}, {"lan", "110"}, {"wan", "5"}}),
              head +
                  "          \x1b[1mn\x1b[0m\nnew           1\nlan   \x1b[7m110 +50/s\x1b[0m\n"
                  "wan           5\n");
    // A counter that fell is marked, and has no rate.
    EXPECT_EQ(table({{"lan", "0"}, {"wan", "6"}}),
              head +
                  "         \x1b[1mn\x1b[0m\nlan          \x1b[7m0\x1b[0m\n"
                  "wan   \x1b[7m6 +0.5/s\x1b[0m\n");
}

}  // namespace
}  // namespace cli
