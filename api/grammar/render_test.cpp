// SPDX-License-Identifier: Apache-2.0
#include "api/grammar/render.hpp"

#include <gmock/gmock.h>

#include "api/grammar/testing/fixture.hpp"

namespace api::grammar {
namespace {

using ::testing::ElementsAre;
using testing::proto::InterfaceList;
using testing::proto::Route;

class RenderTest : public ::testing::Test {
protected:
    std::unique_ptr<Renderer> renderer(const std::string& method, Format format) {
        const auto* pool = Route::descriptor()->file()->pool();
        return make_renderer(*pool->FindMethodByName("sluice.grammar.testing." + method), format,
                             forms_, [this](std::string_view line, bool heading) {
                                 lines_.push_back(std::string(line));
                                 headings_ += heading ? 1 : 0;
                             });
    }

    template <class Message>
    std::vector<std::string> show(const std::string& method, Format format,
                                  const std::vector<Message>& replies) {
        const auto shown = renderer(method, format);
        for (const Message& reply : replies) {
            shown->add(reply);
        }
        shown->finish();
        return lines_;
    }

    static Route route(std::uint32_t address, std::uint32_t length) {
        Route route;
        route.mutable_prefix()->set_address(address);
        route.mutable_prefix()->set_length(length);
        return route;
    }

    static InterfaceList interfaces() {
        InterfaceList list;
        auto* lan = list.add_interfaces();
        lan->set_name("lan\x1b");
        lan->set_bytes(1234567);
        for (const std::uint32_t address : {0x0a000001u, 0x0a000101u}) {
            auto* prefix = lan->add_addresses();
            prefix->set_address(address);
            prefix->set_length(24);
        }
        lan->mutable_counters()->set_rx(3);
        lan->mutable_counters()->set_tx(4);
        auto* wan = list.add_interfaces();
        wan->set_name("wan");
        wan->set_state(testing::proto::STATE_DOWN);
        wan->set_bytes(5);
        wan->mutable_mac()->set_value(0x02fe00000001);
        return list;
    }

    TextForms forms_;
    std::vector<std::string> lines_;
    int headings_ = 0;
};

TEST_F(RenderTest, MakesATableOfAStream) {
    Route first = route(0x0a000000, 8);
    first.mutable_next_hop()->set_value(0x0a000001);
    first.set_preference(100);
    EXPECT_THAT(show<Route>("Routes.List", Format::view, {first, route(0, 0)}),
                ElementsAre("prefix      next hop  interface  preference",
                            "10.0.0.0/8  10.0.0.1  -                 100",
                            "0.0.0.0/0   -         -                   -"));
    EXPECT_EQ(headings_, 1);
}

TEST_F(RenderTest, MakesATableOfTheRowsOfAReply) {
    EXPECT_THAT(
        show<InterfaceList>("Interfaces.List", Format::view, {interfaces()}),
        ElementsAre(
            "name     state  bytes (B)  addresses                 counters    mac",
            "lan\\x1b  up       1234567  10.0.0.1/24, 10.0.1.1/24  rx 3, tx 4  -",
            "wan      down           5  -                         -           02:fe:00:00:00:01"));
}

TEST_F(RenderTest, ShowsTheHeadingsOfAnEmptyList) {
    EXPECT_THAT(show<Route>("Routes.List", Format::view, {}),
                ElementsAre("prefix  next hop  interface  preference"));
}

TEST_F(RenderTest, ShowsRowsAsTheyComeOnceFlushed) {
    const auto shown = renderer("Routes.Watch", Format::view);
    shown->flush();
    EXPECT_TRUE(lines_.empty());
    shown->add(route(0x0a000000, 8));
    EXPECT_TRUE(lines_.empty());
    shown->flush();
    EXPECT_EQ(lines_.size(), 2u);
    shown->add(route(0, 0));
    EXPECT_EQ(lines_.size(), 3u);
    shown->finish();
    EXPECT_EQ(lines_.size(), 3u);
}

TEST_F(RenderTest, ShowsDetails) {
    EXPECT_THAT(show<Route>("Routes.Match", Format::view, {route(0x0a000000, 8)}),
                ElementsAre("prefix: 10.0.0.0/8", "next hop: -", "interface: -", "preference: -",
                            "verdict: forward-unspecified"));
    lines_.clear();
    InterfaceList one = interfaces();
    one.mutable_interfaces()->RemoveLast();
    EXPECT_THAT(
        show<InterfaceList>("Interfaces.List", Format::detail, {one}),
        ElementsAre("name: lan\\x1b", "state: up", "bytes: 1234567 B",
                    "addresses: 10.0.0.1/24, 10.0.1.1/24", "counters: rx 3, tx 4", "mac: -"));
}

TEST_F(RenderTest, ShowsTextAsItIsButForControlCharacters) {
    testing::proto::Text text;
    text.set_text("digraph {\n\ta -> b\x1b\n}\n");
    EXPECT_THAT(show<testing::proto::Text>("Interfaces.Draw", Format::view, {text}),
                ElementsAre("digraph {", "\ta -> b\\x1b", "}"));
}

TEST_F(RenderTest, WritesAStreamAsAnArrayAndAReplyAsAnObject) {
    EXPECT_THAT(show<Route>("Routes.List", Format::json, {route(0, 0), route(0x0a000000, 8)}),
                ElementsAre("[", R"( {"prefix":"0.0.0.0/0","verdict":"forward-unspecified"})",
                            R"(,{"prefix":"10.0.0.0/8","verdict":"forward-unspecified"})", "]"));
    EXPECT_EQ(headings_, 2);
    lines_.clear();
    EXPECT_THAT(show<Route>("Routes.List", Format::json, {}), ElementsAre("[", "]"));
    lines_.clear();
    EXPECT_THAT(show<Route>("Routes.Match", Format::json, {route(0, 0)}),
                ElementsAre(R"({"prefix":"0.0.0.0/0","verdict":"forward-unspecified"})"));
}

TEST_F(RenderTest, IsSilentWhereAReplyHasNoFields) {
    EXPECT_THAT(show<sluice::Empty>("Routes.Add", Format::view, {sluice::Empty()}), ElementsAre());
    EXPECT_THAT(show<sluice::Empty>("Routes.Add", Format::json, {sluice::Empty()}),
                ElementsAre("{}"));
}

}  // namespace
}  // namespace api::grammar
