// SPDX-License-Identifier: Apache-2.0
#include "api/server/roles.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "api/testing/daemon.hpp"

namespace api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

std::string refusal(std::string_view text) {
    return std::string(parse_roles(text, "roles").status().message());
}

TEST(Roles, AreReadALineAName) {
    const auto roles = parse_roles(
        "# who may what\n\ncontroller.example write\r\n  spiffe://example/monitor\tread  \n"
        "Alice Smith   read\ncontroller.example write",
        "roles");
    ASSERT_TRUE(roles.ok()) << roles.status();
    EXPECT_THAT(*roles, ElementsAre(Pair("Alice Smith", Role::read),
                                    Pair("controller.example", Role::write),
                                    Pair("spiffe://example/monitor", Role::read)));
    EXPECT_TRUE(parse_roles("", "roles")->empty());
}

TEST(Roles, NameTheLineThatIsWrong) {
    EXPECT_EQ(refusal("a read\nb writes\n"),
              "roles:2: 'b writes' gives nobody a role: write a certificate's name, a blank, and "
              "read or write");
    EXPECT_THAT(refusal("write"), HasSubstr("roles:1: 'write' gives nobody a role"));
    EXPECT_THAT(refusal("a Write"), HasSubstr("gives nobody a role"));
    EXPECT_EQ(refusal("a read\na write"),
              "roles:2: 'a' has another role above: give each name one line");
}

class RoleFileTest : public ::testing::Test {
protected:
    void write(const std::string& text) { std::ofstream(path_) << text; }
    void replace(const std::string& text) {
        std::ofstream(path_ + ".new") << text;
        std::filesystem::rename(path_ + ".new", path_);
    }
    std::unique_ptr<RoleFile> open() {
        auto file = RoleFile::open(
            path_, [this](const std::string& sentence) { problems_.push_back(sentence); });
        EXPECT_TRUE(file.ok()) << file.status();
        return *std::move(file);
    }

    const testing::TempDir folder_;
    const std::string path_ = folder_.file("roles");
    std::vector<std::string> problems_;
};

TEST_F(RoleFileTest, GivesTheGreatestRoleOfAllNames) {
    write("a read\nb write\n");
    const auto file = open();
    EXPECT_EQ(file->role_of({"a"}), Role::read);
    EXPECT_EQ(file->role_of({"a", "b"}), Role::write);
    EXPECT_EQ(file->role_of({"b", "a"}), Role::write);
    EXPECT_EQ(file->role_of({"c"}), std::nullopt);
    EXPECT_EQ(file->role_of({}), std::nullopt);
}

TEST_F(RoleFileTest, IsReadAnewAtOnceWhenItChanges) {
    write("a read\n");
    const auto file = open();
    for (int i = 0; i < 50; ++i) {
        write("a write\n");
        EXPECT_EQ(file->role_of({"a"}), Role::write);
        replace("b write\n");
        EXPECT_EQ(file->role_of({"a"}), std::nullopt);
        // As long as the last, and within the same tick of the clock.
        write("a write\n");
        EXPECT_EQ(file->role_of({"a"}), Role::write);
    }
    EXPECT_THAT(problems_, IsEmpty());
}

TEST_F(RoleFileTest, StaysAsItWasWhileTheFileIsBad) {
    write("a write\n");
    const auto file = open();
    write("a wrote\n");
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(file->role_of({"a"}), Role::write);
    }
    ASSERT_EQ(problems_.size(), 1U);
    EXPECT_THAT(problems_[0], HasSubstr("still count"));
    std::filesystem::remove(path_);
    EXPECT_EQ(file->role_of({"a"}), Role::write);
    ASSERT_EQ(problems_.size(), 2U);
    EXPECT_THAT(problems_[1], HasSubstr("cannot read the roles file"));
    write("a read\n");
    EXPECT_EQ(file->role_of({"a"}), Role::read);
    EXPECT_EQ(problems_.size(), 2U);
}

TEST_F(RoleFileTest, RefusesAFileThatIsNotThereOrTooLong) {
    EXPECT_THAT(std::string(RoleFile::open(path_, nullptr).status().message()),
                HasSubstr("cannot read the roles file " + path_));
    write(std::string(2 << 20, '#'));
    EXPECT_THAT(std::string(RoleFile::open(path_, nullptr).status().message()),
                HasSubstr("is longer than 1 MiB"));
    EXPECT_FALSE(RoleFile::open(folder_.file(""), nullptr).ok());
}

}  // namespace
}  // namespace api
