// SPDX-License-Identifier: Apache-2.0
#include "api/grammar/render.hpp"

#include <absl/strings/str_split.h>
#include <gmock/gmock.h>

#include <sstream>

#include "api/grammar/printer.hpp"
#include "api/grammar/testing/fixture.hpp"

namespace api::grammar {
namespace {

using ::testing::ElementsAre;
using testing::proto::InterfaceList;
using testing::proto::Route;

class RenderTest : public ::testing::Test {
protected:
    template <class Message>
    std::vector<std::string> show(const std::string& method, Format format,
                                  const std::vector<Message>& replies, Layout layout = {}) {
        const auto* pool = Route::descriptor()->file()->pool();
        std::ostringstream out;
        Printer printer(out, layout);
        const auto shown = make_renderer(
            *pool->FindMethodByName("sluice.grammar.testing." + method), format, forms_, printer);
        for (const Message& reply : replies) {
            shown->add(reply);
        }
        printer.finish();
        return lines_of(out.str());
    }

    static std::vector<std::string> lines_of(const std::string& text) {
        std::vector<std::string> lines = absl::StrSplit(text, '\n');
        lines.pop_back();
        return lines;
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
};

TEST_F(RenderTest, MakesATableOfAStream) {
    Route first = route(0x0a000000, 8);
    first.mutable_next_hop()->set_value(0x0a000001);
    first.set_preference(100);
    EXPECT_THAT(show<Route>("Routes.List", Format::view, {first, route(0, 0)}),
                ElementsAre("prefix      next hop  interface  preference",
                            "10.0.0.0/8  10.0.0.1  -                 100",
                            "0.0.0.0/0   -         -                   -"));
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
    std::ostringstream out;
    Printer printer(out, {});
    const auto shown = make_renderer(*Route::descriptor()->file()->pool()->FindMethodByName(
                                         "sluice.grammar.testing.Routes.Watch"),
                                     Format::view, forms_, printer);
    printer.flush();
    EXPECT_EQ(out.str(), "");
    shown->add(route(0x0a000000, 8));
    EXPECT_EQ(out.str(), "");
    printer.flush();
    EXPECT_EQ(lines_of(out.str()).size(), 2u);
    shown->add(route(0, 0));
    EXPECT_EQ(lines_of(out.str()).size(), 3u);
    printer.finish();
    EXPECT_EQ(lines_of(out.str()).size(), 3u);
}

TEST_F(RenderTest, BreaksHeadingsAndTextsWhereTheScreenIsNarrow) {
    EXPECT_THAT(
        show<InterfaceList>("Interfaces.List", Format::view, {interfaces()}, {76, false}),
        ElementsAre(
            "name     state    bytes  addresses             counters    mac",
            "                    (B)",  //
            "lan\\x1b  up     1234567  10.0.0.1/24,          rx 3, tx 4  -",
            "                         10.0.1.1/24",
            "wan      down         5  -                     -           02:fe:00:00:00:01"));
}

TEST_F(RenderTest, GivesARowSeveralLinesWhereTheScreenIsVeryNarrow) {
    EXPECT_THAT(show<InterfaceList>("Interfaces.List", Format::view, {interfaces()}, {40, false}),
                ElementsAre("name     state  bytes (B)",                 //
                            "    addresses                 counters",    //
                            "    mac",                                   //
                            "lan\\x1b  up       1234567",                //
                            "    10.0.0.1/24, 10.0.1.1/24  rx 3, tx 4",  //
                            "    -",                                     //
                            "wan      down           5",                 //
                            "    -                         -",           //
                            "    02:fe:00:00:00:01"));
}

TEST_F(RenderTest, SetsHeadingsOffByColour) {
    EXPECT_THAT(show<Route>("Routes.List", Format::view, {}, {0, true}),
                ElementsAre("\x1b[1mprefix\x1b[0m  \x1b[1mnext hop\x1b[0m  "
                            "\x1b[1minterface\x1b[0m  \x1b[1mpreference\x1b[0m"));
}

TEST_F(RenderTest, WritesYaml) {
    EXPECT_THAT(show<Route>("Routes.List", Format::yaml, {route(0, 0), route(0x0a000000, 8)}),
                ElementsAre("- prefix: \"0.0.0.0/0\"", "  verdict: \"forward-unspecified\"",
                            "- prefix: \"10.0.0.0/8\"", "  verdict: \"forward-unspecified\""));
    InterfaceList one = interfaces();
    one.mutable_interfaces()->RemoveLast();
    EXPECT_THAT(show<InterfaceList>("Interfaces.List", Format::yaml, {one}),
                ElementsAre("interfaces:", "- name: \"lan\\u001b\"", "  state: \"up\"",
                            "  bytes: 1234567", "  addresses: [\"10.0.0.1/24\",\"10.0.1.1/24\"]",
                            "  counters:", "    rx: 3", "    tx: 4"));
}

TEST_F(RenderTest, ShowsDetails) {
    EXPECT_THAT(show<Route>("Routes.Match", Format::view, {route(0x0a000000, 8)}),
                ElementsAre("prefix: 10.0.0.0/8", "next hop: -", "interface: -", "preference: -",
                            "verdict: forward-unspecified"));
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
    EXPECT_THAT(show<Route>("Routes.List", Format::json, {}), ElementsAre("[", "]"));
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
