// SPDX-License-Identifier: Apache-2.0
#include "plugins/graph-svg/draw.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "plugins/graph-svg/painter.hpp"

namespace graph_svg {
namespace {

using ::testing::HasSubstr;

TEST(Draw, MakesSvgOfDot) {
    const auto svg = draw("digraph x { \"ip4-lookup\" -> \"ip4-rewrite\" [penwidth=3]; }");
    ASSERT_TRUE(svg.ok()) << svg.status();
    EXPECT_THAT(*svg, HasSubstr("<svg "));
    EXPECT_THAT(*svg, HasSubstr("ip4&#45;lookup"));
    EXPECT_TRUE(svg->ends_with("</svg>\n"));
}

TEST(Draw, RefusesWhatIsNotDot) {
    EXPECT_EQ(draw("digraph {").status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(draw("").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(Painter, DrawsInTurnAndRefusesTooMany) {
    std::promise<void> release;
    auto wait = release.get_future().share();
    std::vector<std::future<absl::StatusOr<std::string>>> drawn;
    Painter painter;
    std::promise<void> begun;
    ASSERT_TRUE(painter
                    .draw("digraph { a }",
                          [&, wait](auto) {
                              begun.set_value();
                              wait.wait();
                          })
                    .ok());
    begun.get_future().wait();
    const auto order = [&] {
        auto done = std::make_shared<std::promise<absl::StatusOr<std::string>>>();
        drawn.push_back(done->get_future());
        return painter.draw("digraph { a }", [done](auto svg) { done->set_value(std::move(svg)); });
    };
    for (size_t i = 0; i < Painter::most_waiting; ++i) {
        EXPECT_TRUE(order().ok());
    }
    EXPECT_EQ(order().code(), absl::StatusCode::kResourceExhausted);
    drawn.pop_back();
    release.set_value();
    for (auto& each : drawn) {
        EXPECT_TRUE(each.get().ok());
    }
}

}  // namespace
}  // namespace graph_svg
