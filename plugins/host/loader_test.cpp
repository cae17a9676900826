// SPDX-License-Identifier: Apache-2.0
#include "plugins/host/loader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "plugins/host/testing/command_lines.hpp"
#include "plugins/host/testing/router_fixture.hpp"

namespace plugins::host {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

/// A directory with the plugins that a test wants in it. What one test has mapped stays mapped for
/// the others; where it has messages, no other test may load a copy of it.
class LoaderTest : public ::testing::Test {
protected:
    LoaderTest() : directory_(::mkdtemp(template_)) {}
    ~LoaderTest() override { fs::remove_all(directory_); }

    void take(const std::string& name, const std::string& as = "") {
        fs::copy_file(fs::path(TEST_PLUGINS) / (name + ".so"), file(as.empty() ? name : as));
    }
    fs::path file(const std::string& name) const { return fs::path(directory_) / (name + ".so"); }

    /// The sentence with which a plugin is refused; and nothing of it is left.
    std::string refusal(const std::string& name) {
        testing::RouterFixture router(directory_);
        const auto generation = router.api.methods().size();
        const absl::Status status = router.host->load(name);
        EXPECT_FALSE(status.ok());
        for (const auto& node : router.engine->graph().nodes()) {
            EXPECT_FALSE(node.present && node.spec.owner == name) << node.spec.name;
        }
        EXPECT_EQ(router.api.methods().size(), generation);
        EXPECT_TRUE(router.engine->commit().ok());
        const auto all = router.host->list();
        EXPECT_EQ(all.size(), 1U);
        EXPECT_EQ(all.at(0).name, name);
        EXPECT_EQ(all.at(0).state, State::refused);
        EXPECT_EQ(all.at(0).sentence, status.message());
        EXPECT_TRUE(router.host->load_all().ok());
        return std::string(status.message());
    }

    /// Again and again, while workers run.
    static void unload_and_load(testing::RouterFixture& router) {
        ASSERT_TRUE(router.engine->start().ok());
        graph::Graph& graph = router.engine->graph();
        const auto methods = router.api.methods().size();
        for (unsigned round = 0; round < 3; ++round) {
            ASSERT_TRUE(graph.set_feature("device-input", "good-sieve", 1, true).ok());
            const testing::CommandLines with(router.api);
            ASSERT_TRUE(with.run("unload plugin good").ok());
            EXPECT_EQ(graph.find("good-sieve"), graph::no_node);
            EXPECT_EQ(router.api.methods().size(), methods - 1);
            EXPECT_EQ(with.run("echo hello").status().code(), absl::StatusCode::kUnimplemented);
            ASSERT_EQ(router.host->list().size(), 1U);
            EXPECT_EQ(router.host->list()[0].state, State::available);
            EXPECT_THAT(router.host->list()[0].nodes, ::testing::IsEmpty());
            ASSERT_TRUE(with.run("load plugin good").ok());
            EXPECT_EQ(router.api.methods().size(), methods);
            EXPECT_FALSE(graph.has_feature("device-input", "good-sieve", 1));
            EXPECT_THAT(*with.run("echo hello"), ElementsAre(R"({"text":"hello 0"})"));
        }
        router.engine->stop();
    }

    char template_[32] = "/tmp/sluice-plugins-XXXXXX";
    std::string directory_;
};

TEST_F(LoaderTest, AGoodPluginBringsNodesMethodsAndFeatures) {
    take("good");
    {
        testing::RouterFixture router(directory_);
        ASSERT_TRUE(router.host->load_all().ok());
        const auto all = router.host->list();
        ASSERT_EQ(all.size(), 1U);
        EXPECT_EQ(all[0].state, State::loaded) << all[0].sentence;
        EXPECT_EQ(all[0].version, Stamp::own().product);
        EXPECT_THAT(all[0].nodes, ElementsAre("good-sieve"));
        EXPECT_NE(router.engine->graph().find("good-sieve"), graph::no_node);
        EXPECT_TRUE(router.engine->graph().set_feature("device-input", "good-sieve", 1, true).ok());
        const testing::CommandLines lines(router.api);
        EXPECT_THAT(*lines.run("echo hello"), ElementsAre(R"({"text":"hello 0"})"));
        EXPECT_THAT(lines.run("show plugin")->at(0),
                    AllOf(HasSubstr("good"), HasSubstr(R"("state":"loaded")")));
        EXPECT_EQ(router.host->load("good").message(), "plugin 'good' is loaded already");
    }
    // Another host in the same process finds the code mapped, and the router without what the first
    // had brought.
    {
        testing::RouterFixture router(directory_);
        EXPECT_EQ(router.engine->graph().find("good-sieve"), graph::no_node);
        EXPECT_TRUE(router.host->load("good").ok());
        unload_and_load(router);
    }
    // But a copy would define the same messages again.
    fs::remove(file("good"));
    take("good", "twin");
    EXPECT_THAT(refusal("twin"),
                AllOf(HasSubstr("'plugins/host/testing/good.proto'"), HasSubstr("loaded already")));
}

TEST_F(LoaderTest, ItsStateGoesBeforeTheRouter) {
    // Under the address sanitizer this would tell of a use after the end.
    testing::RouterFixture router(directory_);
    std::vector<std::string> order;
    {
        vnet::plugin::Registry registry(*router.router, router.api, "mine");
        registry.keep(
            std::shared_ptr<void>(nullptr, [&](void*) { order.emplace_back("first kept"); }));
        registry.keep(
            std::shared_ptr<void>(nullptr, [&](void*) { order.emplace_back("last kept"); }));
        registry.retire();
    }
    EXPECT_THAT(order, ElementsAre("last kept", "first kept"));
}

TEST_F(LoaderTest, LoadsWhileWorkersRun) {
    take("failing");
    testing::RouterFixture router(directory_);
    ASSERT_TRUE(router.engine->start().ok());
    EXPECT_FALSE(router.host->load("failing").ok());
    EXPECT_EQ(router.engine->graph().find("leftover"), graph::no_node);
    // It may try again: its code is there.
    EXPECT_THAT(router.host->load("failing").message(), HasSubstr("the licence is used up"));
    // But not from another file.
    fs::remove(file("failing"));
    take("throwing", "failing");
    EXPECT_THAT(router.host->load("failing").message(), HasSubstr("mapped from an earlier file"));
    router.engine->stop();
}

TEST_F(LoaderTest, WhatCannotBeUnloaded) {
    take("sieve");
    take("leaning");
    testing::RouterFixture router(directory_, {"leaning"});
    EXPECT_EQ(router.host->unload("sieve").message(),
              "plugin 'sieve' is not loaded; loaded are: none");
    ASSERT_TRUE(router.host->load("sieve").ok());
    ASSERT_TRUE(router.host->load("leaning").ok());
    EXPECT_THAT(router.host->unload("nat").message(),
                AllOf(HasSubstr("no plugin 'nat'"), HasSubstr("there are: leaning, sieve")));
    EXPECT_THAT(router.host->unload("leaning").message(), HasSubstr("'leaning' is required"));
    EXPECT_EQ(router.host->unload("sieve").message(),
              "plugin 'sieve' cannot be unloaded while plugin 'leaning' sends to its node "
              "'good-sieve'; unload 'leaning' first");
    EXPECT_NE(router.engine->graph().find("good-sieve"), graph::no_node);
}

TEST_F(LoaderTest, AnErrorOfThePluginIsPassedOn) {
    take("failing");
    EXPECT_EQ(refusal("failing"),
              "plugin 'failing' did not register: the licence is used up; buy another");
}

TEST_F(LoaderTest, AnExceptionIsCaught) {
    take("throwing");
    EXPECT_EQ(refusal("throwing"), "plugin 'throwing' threw while it registered: the sky fell");
}

TEST_F(LoaderTest, AnUnknownNodeIsNamed) {
    take("unknown-node");
    EXPECT_THAT(refusal("unknown-node"), AllOf(HasSubstr("'unknown-node'"), HasSubstr("'lost'"),
                                               HasSubstr("'no-such-node'")));
}

TEST_F(LoaderTest, AMissingSymbolIsNamed) {
    take("missing-symbol");
    EXPECT_THAT(refusal("missing-symbol"),
                AllOf(HasSubstr("plugin 'missing-symbol' cannot be mapped"),
                      HasSubstr("undefined symbol"), HasSubstr("nobody_defines_this")));
}

TEST_F(LoaderTest, AMissingLibraryIsNamed) {
    take("missing-library");
    EXPECT_THAT(refusal("missing-library"),
                AllOf(HasSubstr("plugin 'missing-library' cannot be mapped"),
                      HasSubstr("libabsent.so: cannot open shared object file")));
}

TEST_F(LoaderTest, ANodeThatIsThereIsNotTaken) {
    take("thief");
    EXPECT_THAT(refusal("thief"), AllOf(HasSubstr("'thief'"), HasSubstr("'ip4-lookup'")));
}

TEST_F(LoaderTest, MoreThanAPacketHoldsIsRefused) {
    take("greedy");
    EXPECT_THAT(refusal("greedy"),
                AllOf(HasSubstr("'greedy'"), HasSubstr("greedy/hoard"), HasSubstr("4096")));
}

TEST_F(LoaderTest, AMissingEntryIsNamed) {
    take("no-entry");
    EXPECT_THAT(refusal("no-entry"), HasSubstr("does not define sluice_plugin_register"));
}

TEST_F(LoaderTest, AWrongStampSaysWhichVersionsMeet) {
    take("wrong-stamp");
    EXPECT_THAT(
        refusal("wrong-stamp"),
        AllOf(HasSubstr("built for sluice 0.0.9 (headers 0123456789abcdef, compiler GNU-11"),
              HasSubstr("this is sluice " + Stamp::own().product)));
}

TEST_F(LoaderTest, NoStampIsRefused) {
    take("no-stamp");
    EXPECT_THAT(refusal("no-stamp"), HasSubstr("has no build stamp"));
}

TEST_F(LoaderTest, MessagesWithoutDescriptorsAreRefused) {
    take("no-descriptors");
    EXPECT_THAT(refusal("no-descriptors"),
                HasSubstr("has messages but no section .sluice.descriptors"));
}

TEST_F(LoaderTest, AMessageThatClashesIsRefused) {
    take("clash");
    EXPECT_THAT(refusal("clash"), AllOf(HasSubstr("clash"), HasSubstr("sluice.ListPluginsRequest"),
                                        HasSubstr("vnet/proto/plugin.proto")));
}

TEST_F(LoaderTest, ACommandThatClashesIsRefused) {
    take("ambiguous");
    EXPECT_THAT(refusal("ambiguous"),
                AllOf(HasSubstr("show plugin"), HasSubstr("sluice.Plugins.List")));
}

TEST_F(LoaderTest, ATruncatedFileIsRefused) {
    take("throwing", "short");
    fs::resize_file(file("short"), fs::file_size(file("short")) / 2);
    EXPECT_THAT(refusal("short"), AllOf(HasSubstr("plugin 'short'"), HasSubstr("truncated")));
}

TEST_F(LoaderTest, AFileThatIsNoObjectIsRefused) {
    std::ofstream(file("text")) << "hello\n";
    EXPECT_THAT(refusal("text"), HasSubstr("is not an ELF object"));
    fs::remove(file("text"));
    fs::create_directory(file("folder"));
    EXPECT_THAT(refusal("folder"), HasSubstr("no ordinary file"));
}

TEST_F(LoaderTest, AnUnknownNameSaysWhatThereIs) {
    std::ofstream(file("text")) << "hello\n";
    testing::RouterFixture router(directory_);
    EXPECT_THAT(router.host->load("nat").message(),
                AllOf(HasSubstr("no plugin 'nat'"), HasSubstr("there are: text")));
    EXPECT_THAT(router.host->load("../nat").message(), HasSubstr("cannot name a plugin"));
    ASSERT_EQ(router.host->list().size(), 1U);
    EXPECT_EQ(router.host->list()[0].state, State::available);
}

TEST_F(LoaderTest, ARequiredPluginStopsTheStart) {
    std::ofstream(file("text")) << "hello\n";
    testing::RouterFixture missing(directory_, {"nat"});
    EXPECT_THAT(missing.host->load_all().message(),
                AllOf(HasSubstr("required"), HasSubstr("'nat'")));
    testing::RouterFixture refused(directory_, {"text"});
    EXPECT_THAT(refused.host->load_all().message(),
                AllOf(HasSubstr("required"), HasSubstr("not an ELF object")));
}

TEST_F(LoaderTest, AnExcludedPluginIsLeftAlone) {
    take("throwing");
    testing::RouterFixture router(directory_, {}, {"throwing"});
    EXPECT_TRUE(router.host->load_all().ok());
    ASSERT_EQ(router.host->list().size(), 1U);
    EXPECT_EQ(router.host->list()[0].state, State::available);
}

}  // namespace
}  // namespace plugins::host
