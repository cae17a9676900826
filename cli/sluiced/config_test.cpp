// SPDX-License-Identifier: Apache-2.0
#include "cli/sluiced/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/sluiced/options.hpp"
#include "vnet/proto/ip4.pb.h"

namespace cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// A daemon that only knows addresses, and keeps what it is told.
class Config : public ::testing::Test {
protected:
    Config() : grammar_(forms_) {
        EXPECT_TRUE((registry_
                         .add_unary<sluice::InterfaceAddress, sluice::Empty>(
                             "sluice.Addresses.Add",
                             [this](const sluice::InterfaceAddress& request)
                                 -> absl::StatusOr<sluice::Empty> {
                                 if (request.interface() == "bad") {
                                     return absl::NotFoundError("there is no interface 'bad'");
                                 }
                                 added_.push_back(request.interface());
                                 return sluice::Empty();
                             })
                         .ok()));
        EXPECT_TRUE(add_methods(grammar_, registry_).ok());
    }
    absl::Status run(std::string_view text) {
        return run_config(text, "router.conf", grammar_, registry_);
    }

    api::Registry registry_;
    api::grammar::TextForms forms_;
    api::grammar::Grammar grammar_;
    std::vector<std::string> added_;
};

TEST_F(Config, RunsLinesInOrder) {
    ASSERT_TRUE(run("# a comment\n\nadd address lan 10.0.1.1/24\r\n  add address wan 10.0.2.1/24 # "
                    "another\n")
                    .ok());
    EXPECT_THAT(added_, ElementsAre("lan", "wan"));
}

TEST_F(Config, NamesTheLineThatIsNotUnderstoodAndRunsNothing) {
    const absl::Status status = run("add address lan 10.0.1.1/24\n\nadd adress wan 10.0.2.1/24\n");
    EXPECT_THAT(std::string(status.message()), StartsWith("router.conf:3: "));
    EXPECT_THAT(std::string(status.message()), HasSubstr("adress"));
    EXPECT_TRUE(added_.empty());
}

TEST_F(Config, NamesTheLineThatIsRefused) {
    const absl::Status status = run("add address lan 10.0.1.1/24\nadd address bad 10.0.2.1/24\n");
    EXPECT_THAT(std::string(status.message()), StartsWith("router.conf:2: there is no interface"));
}

TEST_F(Config, NamesAFileThatIsNotThere) {
    const absl::Status status = run_config_file("/nonexistent/router.conf", grammar_, registry_);
    EXPECT_THAT(std::string(status.message()),
                HasSubstr("'/nonexistent/router.conf' cannot be read"));
}

TEST(Cores, ReadsNumbersAndRanges) {
    EXPECT_THAT(*parse_cores("0,2-4"), ElementsAre(0, 2, 3, 4));
    for (const char* wrong : {"", "a", "1-", "3-1", "1,,2", "0-2000", "1-2-3", "-1"}) {
        EXPECT_FALSE(parse_cores(wrong).ok()) << wrong;
    }
    EXPECT_THAT(std::string(parse_cores("1,1").status().message()), HasSubstr("twice"));
}

TEST(Options, RefusesWhatDoesNotFit) {
    Options options;
    EXPECT_TRUE(check(options).ok());
    options.workers = 0;
    EXPECT_THAT(std::string(check(options).message()), HasSubstr("--workers 0"));
    options.workers = 2;
    options.cores = {1};
    EXPECT_THAT(std::string(check(options).message()), HasSubstr("--cores"));
    options.cores.clear();
    options.memory_mb = 1;
    EXPECT_THAT(std::string(check(options).message()), HasSubstr("--memory"));
    options.memory_mb = 256;
    options.buffers = 1;
    EXPECT_THAT(std::string(check(options).message()), HasSubstr("--buffers"));
}

}  // namespace
}  // namespace cli
