// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

namespace api::config::testing {

/// A folder of the test's own, which goes with it.
class Folder {
public:
    Folder() : path_(::testing::TempDir() + "sluice-config-XXXXXX") {
        EXPECT_NE(mkdtemp(path_.data()), nullptr);
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    const std::string& path() const { return path_; }

private:
    std::string path_;
};

}  // namespace api::config::testing
