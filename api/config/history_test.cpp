// SPDX-License-Identifier: Apache-2.0
#include "api/config/history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "api/config/files.hpp"
#include "api/config/testing/folder.hpp"

namespace api::config {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class FolderTest : public ::testing::Test {
protected:
    const testing::Folder own_;
    const std::string& folder_ = own_.path();
    std::vector<std::string> warnings_;
};

TEST_F(FolderTest, RevisionsOutliveTheDaemon) {
    const std::string path = folder_ + "/revisions";
    const absl::Time until = absl::FromUnixSeconds(1'800'000'000);
    {
        History history = History::open(path, warnings_);
        EXPECT_FALSE(history.get(1).ok());
        ASSERT_TRUE(history.add({until, "first\nof all", "add thing a\n"}).ok());
        ASSERT_TRUE(history.add({until + absl::Seconds(1), "", "add thing b\n"}).ok());
    }
    const History history = History::open(path, warnings_);
    EXPECT_THAT(warnings_, IsEmpty());
    EXPECT_THAT(history.all(), SizeIs(2));
    EXPECT_EQ((*history.get(1))->text, "add thing b\n");
    EXPECT_EQ((*history.get(2))->text, "add thing a\n");
    EXPECT_EQ((*history.get(2))->comment, "first of all");
    EXPECT_EQ((*history.get(2))->until, until);
    EXPECT_EQ(history.get(3).status().message(), "there is no revision 3; there are 1 to 2");
    EXPECT_FALSE(history.get(0).ok());
}

TEST_F(FolderTest, TheOldestGoes) {
    const std::string path = folder_ + "/revisions";
    History history = History::open(path, warnings_);
    for (std::size_t i = 0; i < History::most + 5; ++i) {
        ASSERT_TRUE(history.add({absl::Now(), "", std::to_string(i)}).ok());
    }
    EXPECT_THAT(history.all(), SizeIs(History::most));
    EXPECT_EQ((*history.get(History::most))->text, "5");
    const auto files = std::filesystem::directory_iterator(path);
    EXPECT_EQ(std::distance(begin(files), end(files)), std::ptrdiff_t(History::most));
}

TEST_F(FolderTest, AFolderThatCannotBeWrittenCostsOnlyTheDisk) {
    std::ofstream(folder_ + "/file") << "in the way";
    History history = History::open(folder_ + "/file", warnings_);
    EXPECT_FALSE(history.add({absl::Now(), "", "add thing a\n"}).ok());
    EXPECT_EQ((*history.get(1))->text, "add thing a\n");
}

TEST_F(FolderTest, FilesAreWrittenWholeAndKeepTheirMode) {
    const std::string path = folder_ + "/sluice.conf";
    ASSERT_TRUE(write_file(path, "one\n").ok());
    ASSERT_EQ(chmod(path.c_str(), 0604), 0);
    std::filesystem::create_symlink(path, folder_ + "/link");
    ASSERT_TRUE(write_file(folder_ + "/link", "two\n").ok());
    EXPECT_TRUE(std::filesystem::is_symlink(folder_ + "/link"));
    EXPECT_EQ(*read_file(path), "two\n");
    struct stat status {};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0604u);
    const auto files = std::filesystem::directory_iterator(folder_);
    EXPECT_EQ(std::distance(begin(files), end(files)), 2) << "something was left beside it";
    EXPECT_THAT(write_file(folder_ + "/no/file", "").message(), HasSubstr("/no/file'"));
    EXPECT_THAT(write_file(folder_, "").message(), HasSubstr("no file"));
    EXPECT_THAT(read_file(folder_).status().message(), HasSubstr("not a file of text"));
    EXPECT_THAT(read_file(folder_ + "/none").status().message(), HasSubstr("No such file"));
}

}  // namespace
}  // namespace api::config
