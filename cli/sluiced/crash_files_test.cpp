// SPDX-License-Identifier: Apache-2.0
#include "cli/sluiced/crash_files.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>
#include "api/testing/temp_dir.hpp"

namespace cli {
namespace {

using ::testing::UnorderedElementsAre;

class CrashFilesTest : public ::testing::Test {
protected:
    void make(const std::string& name) { std::ofstream(folder_ / name) << "a report"; }
    std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
            all.push_back(entry.path().filename().string());
        }
        return all;
    }

    const api::testing::TempDir own_;
    const std::filesystem::path folder_ = own_.path();
};

TEST_F(CrashFilesTest, TheOldestGoAndOtherFilesStay) {
    // By their times, not by their letters.
    for (const char* name : {"crash-999-7.txt", "crash-1000-7.txt", "crash-1001-7.txt",
                             "crash-1001-8.txt", "crash-.txt", "crash-1-7.txt.gz", "saved.conf"}) {
        make(name);
    }
    std::filesystem::create_directory(folder_ / "crash-1-1.txt");
    keep_last_reports(folder_.string(), 2);
    EXPECT_THAT(names(), UnorderedElementsAre("crash-1001-7.txt", "crash-1001-8.txt", "crash-.txt",
                                              "crash-1-7.txt.gz", "saved.conf", "crash-1-1.txt"));
}

TEST_F(CrashFilesTest, FewAreLeftAlone) {
    make("crash-999-7.txt");
    keep_last_reports(folder_.string(), 2);
    EXPECT_THAT(names(), UnorderedElementsAre("crash-999-7.txt"));
}

TEST_F(CrashFilesTest, NoFolderIsNoError) {
    keep_last_reports("", 2);
    keep_last_reports((folder_ / "none").string(), 2);
}

}  // namespace
}  // namespace cli
