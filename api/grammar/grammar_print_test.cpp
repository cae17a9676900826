// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <random>

#include "api/grammar/grammar.hpp"
#include "api/grammar/testing/fixture.hpp"

namespace api::grammar {
namespace {

using testing::proto::InterfaceSetRequest;
using testing::proto::Route;

class PrintTest : public ::testing::Test {
protected:
    PrintTest() {
        const auto* file = Route::descriptor()->file();
        for (int i = 0; i < file->service_count(); ++i) {
            EXPECT_TRUE(grammar_.add_service(*file->service(i)).ok());
        }
    }

    static const google::protobuf::MethodDescriptor& method(const std::string& name) {
        return *Route::descriptor()->file()->pool()->FindMethodByName("sluice.grammar.testing." +
                                                                      name);
    }

    std::string print(const std::string& name, const google::protobuf::Message& request) {
        const absl::StatusOr<std::string> line = grammar_.print(method(name), request);
        return line.ok() ? *line : std::string(line.status().message());
    }

    /// parse(print(x)) == x
    void expect_round(const std::string& name, const google::protobuf::Message& request) {
        const absl::StatusOr<std::string> line = grammar_.print(method(name), request);
        ASSERT_TRUE(line.ok()) << line.status() << request.DebugString();
        const absl::StatusOr<Command> command = grammar_.parse(*line);
        ASSERT_TRUE(command.ok()) << *line << command.status();
        EXPECT_EQ(command->method->full_name(), method(name).full_name());
        EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(*command->request, request))
            << *line << "\n"
            << command->request->DebugString() << request.DebugString();
    }

    std::string text() {
        static const char* const some[] = {
            "lan", "",      "key", "mac", "note",  "with blank",         "#",
            "|",   "'\"\\", "?",   "\n",  "\x1b[", "gr\xc3\xbc\xc3\x9f", "up",
            "tags"};
        return some[random_() % std::size(some)];
    }

    bool maybe() { return random_() % 2 == 0; }

    TextForms forms_;
    Grammar grammar_{forms_};
    std::mt19937_64 random_{7};
};

TEST_F(PrintTest, LeavesOutWhatIsNotSet) {
    Route route;
    route.mutable_prefix()->set_address(0x0a000000);
    route.mutable_prefix()->set_length(8);
    route.mutable_next_hop()->set_value(0x0a000001);
    EXPECT_EQ(print("Routes.Add", route), "add route 10.0.0.0/8 via 10.0.0.1");
    route.set_preference(0);
    EXPECT_EQ(print("Routes.Add", route), "add route 10.0.0.0/8 via 10.0.0.1 preference 0");
}

TEST_F(PrintTest, LeavesOutWhatGoesWithoutSaying) {
    testing::proto::InterfaceListRequest request;
    const std::string plain = print("Interfaces.List", request);
    request.set_name("all");
    EXPECT_EQ(print("Interfaces.List", request), plain);
    EXPECT_EQ(request.name(), "all");
    request.set_name("lan");
    EXPECT_EQ(print("Interfaces.List", request), plain + " lan");
}

TEST_F(PrintTest, TakesTheFirstCommandThatFits) {
    Route route;
    route.mutable_prefix()->set_length(0);
    route.set_verdict(testing::proto::VERDICT_BLACKHOLE);
    EXPECT_EQ(print("Routes.Add", route), "add route 0.0.0.0/0 blackhole");
}

TEST_F(PrintTest, QuotesAValueThatLooksLikeAWord) {
    InterfaceSetRequest request;
    request.set_name("all");
    request.set_note("key");
    EXPECT_EQ(print("Interfaces.Set", request), "set interface \"all\" all note \"key\"");
}

TEST_F(PrintTest, TakesARequestOfAnotherPool) {
    const testing::DynamicSchema schema;
    google::protobuf::DynamicMessageFactory factory;
    const auto* type =
        schema.pool().FindMessageTypeByName("sluice.grammar.testing.InterfaceListRequest");
    const std::unique_ptr<google::protobuf::Message> request(factory.GetPrototype(type)->New());
    ASSERT_TRUE(forms_.parse(*type->FindFieldByName("name"), "lan", *request).ok());
    EXPECT_EQ(print("Interfaces.List", *request), "show interface lan");
}

TEST_F(PrintTest, SaysWhyItCannot) {
    Route route;
    EXPECT_EQ(print("Routes.Add", route),
              "a request of sluice.grammar.testing.Routes.Add cannot be written as 'add route "
              "<prefix> via <next-hop> "
              "[interface <interface>] [preference <preference>]', because of its field 'prefix': "
              "it is not set");
    EXPECT_EQ(print("Routes.Load", route), "sluice.grammar.testing.Routes.Load has no command");
    route.mutable_prefix()->set_length(64);
    EXPECT_NE(print("Routes.Add", route).find("cannot be '0.0.0.0/64'"), std::string::npos);
}

TEST_F(PrintTest, IsReadBackForRandomRoutes) {
    for (int round = 0; round < 3000; ++round) {
        Route route;
        route.mutable_prefix()->set_address(static_cast<std::uint32_t>(random_()));
        route.mutable_prefix()->set_length(static_cast<std::uint32_t>(random_() % 33));
        if (maybe()) {
            route.set_verdict(testing::proto::VERDICT_NOT_HERE);
        } else {
            route.mutable_next_hop()->set_value(static_cast<std::uint32_t>(random_()));
            if (maybe()) {
                route.set_interface(text());
            }
            if (maybe()) {
                route.set_preference(static_cast<std::uint32_t>(random_()));
            }
        }
        expect_round("Routes.Add", route);
    }
}

TEST_F(PrintTest, IsReadBackForRandomSettings) {
    for (int round = 0; round < 3000; ++round) {
        InterfaceSetRequest request;
        request.set_name(text());
        switch (random_() % 4) {
            case 0:
                request.set_state(maybe() ? testing::proto::STATE_UP : testing::proto::STATE_DOWN);
                break;
            case 1:
                request.set_mtu(static_cast<std::uint32_t>(random_()));
                break;
            case 2:
                for (std::uint64_t n = random_() % 4 + 1; n > 0; --n) {
                    request.add_member(text());
                }
                break;
            default:
                if (maybe()) {
                    request.set_note(text());
                }
                if (maybe()) {
                    request.set_key(text());
                }
                if (maybe()) {
                    request.mutable_mac()->set_value(random_() >> 16);
                }
                if (maybe()) {
                    request.set_quick(maybe());
                    if (maybe()) {
                        request.set_weight(static_cast<std::int64_t>(random_()));
                    }
                }
                for (std::uint64_t n = random_() % 3; n > 0; --n) {
                    request.add_tag(static_cast<std::uint32_t>(random_()));
                }
        }
        expect_round("Interfaces.Set", request);
    }
}

TEST(GrammarStatement, SaysWhatTakesItBack) {
    const testing::TinySchema schema({"add <a> to <b> [n <n>]", "remove <a> from <b>"},
                                     {"remove <a> from <b>"});
    const TextForms forms;
    Grammar grammar(forms);
    ASSERT_TRUE(grammar.add_service(schema.service()).ok());
    const auto add = grammar.parse("add x to \"remove\" n 7");
    ASSERT_TRUE(add.ok()) << add.status();
    const auto statement = grammar.statement(*add->method, *add->request);
    ASSERT_TRUE(statement.ok()) << statement.status();
    EXPECT_EQ(statement->line, "add x to remove n 7");
    EXPECT_EQ(statement->undo, "remove x from \"remove\"");
    EXPECT_TRUE(grammar.parse(statement->undo).ok());
    EXPECT_TRUE(grammar.makes_statements(schema.method(0)));
    EXPECT_FALSE(grammar.makes_statements(schema.method(1)));
    const auto remove = grammar.parse("remove x from y");
    EXPECT_EQ(grammar.statement(*remove->method, *remove->request).status().message(),
              "'remove x from y' is no part of a configuration");
}

TEST(GrammarStatement, TwoWaysToSayOneThingAreOneStatement) {
    const testing::TinySchema schema({"add <a> [n <n>]", "remove <a> [n <n>]"},
                                     {"remove <a> [n <n>]"}, "7");
    const TextForms forms;
    Grammar grammar(forms);
    ASSERT_TRUE(grammar.add_service(schema.service()).ok());
    for (const char* line : {"add x", "add x n 7"}) {
        const auto add = grammar.parse(line);
        ASSERT_TRUE(add.ok()) << add.status();
        const auto statement = grammar.statement(*add->method, *add->request);
        ASSERT_TRUE(statement.ok()) << statement.status();
        EXPECT_EQ(statement->line, "add x");
        EXPECT_EQ(statement->undo, "remove x");
    }
    const testing::TinySchema unsayable({"add <a> [n <n>]"}, {}, "seven");
    EXPECT_EQ(Grammar(forms).check(unsayable.method(0)).message(),
              "tiny.Request.n cannot have the default 'seven': a line could not say it");
}

TEST(GrammarStatement, RefusesAWayBackThatDoesNotFit) {
    const TextForms forms;
    const auto refusal = [&](std::vector<std::string> undo) {
        const testing::TinySchema schema({"add <a> to <b>"}, undo);
        return std::string(Grammar(forms).check(schema.method(0)).message());
    };
    EXPECT_EQ(refusal({"remove <a>", "remove <b>"}),
              "tiny.Tiny.M1 has 1 commands and 2 that take them back; give one for all, or one for "
              "each");
    EXPECT_THAT(refusal({"remove <nobody>"}), ::testing::HasSubstr("nobody"));
}

}  // namespace
}  // namespace api::grammar
