// SPDX-License-Identifier: Apache-2.0
#include "api/config/document.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace api::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Statement statement(int stage, std::string line, std::string undo) {
    return {std::move(line), std::move(undo), {}, stage, false};
}

TEST(Document, KeepsStagesInOrderAndPlacesWithinThem) {
    Document document;
    document.put(statement(30, "address a", "no address a"));
    document.put(statement(10, "port b", "no port b"));
    document.put(statement(10, "port a", "no port a"));
    document.put(statement(30, "address b", "no address b"));
    EXPECT_EQ(document.text(), "port b\nport a\naddress a\naddress b\n");
    document.put(statement(10, "port b wide", "no port b"));
    EXPECT_EQ(document.text(), "port b wide\nport a\naddress a\naddress b\n");
    EXPECT_EQ(document.size(), 4u);
    EXPECT_TRUE(document.take("no port b"));
    EXPECT_FALSE(document.take("no port b"));
    EXPECT_EQ(document.text(), "port a\naddress a\naddress b\n");
    EXPECT_EQ(document.find("no port b"), nullptr);
    // About the same thing, but of another stage.
    document.put(statement(40, "late port a", "no port a"));
    EXPECT_EQ(document.text(), "address a\naddress b\nlate port a\n");
}

TEST(Document, CopiesAreTheirOwn) {
    Document document;
    document.put(statement(10, "port a", "no port a"));
    Document copy = document;
    EXPECT_TRUE(copy.take("no port a"));
    EXPECT_EQ(document.text(), "port a\n");
    EXPECT_NE(copy, document);
    Document moved = std::move(document);
    moved.put(statement(10, "port a fast", "no port a"));
    EXPECT_EQ(moved.text(), "port a fast\n");
}

TEST(Difference, TellsWhatGoesWhatComesAndWhatChanges) {
    Document from;
    from.put(statement(10, "port a", "no port a"));
    from.put(statement(10, "port b", "no port b"));
    from.put(statement(30, "address a", "no address a"));
    Document to;
    to.put(statement(10, "port b fast", "no port b"));
    to.put(statement(10, "port c", "no port c"));
    to.put(statement(30, "address a", "no address a"));
    EXPECT_THAT(difference(from, to),
                ElementsAre(Change{'-', "port a"}, Change{'-', "port b"},
                            Change{'+', "port b fast"}, Change{'+', "port c"}));
    EXPECT_THAT(difference(from, from), IsEmpty());
}

}  // namespace
}  // namespace api::config
