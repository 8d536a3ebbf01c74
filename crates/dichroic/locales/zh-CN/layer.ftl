# 一个层里有什么，为什么（dichroic explain）。

## 标题

layer-about-counts = 数量
layer-about-output-shape = 输出形状
layer-about-movement = 移动
layer-about-pictures = 两种看法，同一种运算
layer-about-purpose = 作用
layer-about-inside = 内部的层

## 卷积的各种数量

layer-filters = { $filters }：每个产生输出的一个通道，即一张特征图
layer-groups = { $groups }，每组 { $channels }、{ $filters }：过滤器只看得到本组的通道
layer-kernels-of-pairs = { $kernels }：每一对输入通道与过滤器各有一个，{ $channels } × { $filters }
layer-kernels-of-groups = { $kernels }：同一组里的每一对通道与过滤器各有一个，{ $channels } × { $filters }
layer-kernels-of-channels = { $kernels }：{ $channels }各有 { $multiplier } 个，通道之间互不相见
layer-kernels-shared = { $kernels }：每个过滤器一个，用在全部 { $channels }上
layer-weights-of-kernel = 每个卷积核 { $weights }：{ $size }
layer-weights-of-filter = 每个过滤器 { $weights }：{ $channels } × { $sides }
layer-weights-of-only-kernel = 每个卷积核 { $weights }，它就是整个过滤器：{ $size }
layer-weights-of-shared-kernel = 每个卷积核 { $weights }，它就是整个过滤器：{ $size }；如果每个通道各有自己的卷积核，一个过滤器就有 { $unshared } 个权重
layer-two-stages = 分两级：先是 { $kernels }，{ $size }，{ $channels }各有 { $multiplier } 个；然后是 { $filters }，作用在中间的通道上
layer-filters-of-size = { $filters }（{ $size }）
layer-first-stage = 第一级：{ $channels } × { $sides } = { $weights }
layer-second-stage = 第二级：{ $filters } × { $channels } × { $sides } = { $weights }
layer-biases = { $biases }：每个过滤器一个，加到它的特征图的每个输出值上
layer-no-biases = 没有偏置
layer-all-weights = 全部卷积核共有 { $weights }
layer-parameters = { $parameters } 个参数：{ $formula }
layer-cost = 每个输入样本 { $macs }
layer-cost-channels-first = 如果先把各通道相加，每个输入样本 { $macs }
layer-size-of-one-axis = 长度 { $side }

## 卷积的输出形状

layer-axis-width = 宽度
layer-axis-height = 高度
layer-axis-depth = 深度
layer-axis = { $axis }：{ $derivation }
layer-axis-open = { $axis }：未定，与输入相同
layer-gathered = ⌊({ $size } - { $extent }) / { $strides }⌋ + 1 = { $made }
layer-padded = { $size } + { $before } + { $after } 个零
layer-cut-off = { $size } - { $before } - { $after }（裁掉的部分）
layer-unreached = { $size } + { $cells }（没有卷积核覆盖的部分）
layer-dilated-extent = { $derivation }；大小为 { $kernel } 的卷积核跨越 ({ $kernel } - 1) × { $dilation } + 1 = { $extent } 个位置
layer-output-channels = 通道：{ $channels }，每个过滤器一个

## 卷积核的移动

layer-moves = 卷积核沿 { $directions }移动（{ $axes }），{ $step }；所以它的维数是 { $rank }
layer-axes-one = 宽度
layer-axes-two = 高度和宽度
layer-axes-three = 深度、高度和宽度
layer-step-one = 每次移动一个位置
layer-step-gathering = 每次移动 { $strides } 个位置，因此输出变小
layer-step-spreading = 输入每移动一个位置，输出移动 { $strides } 个位置，因此输出变大
layer-spans-channels = 它不在通道之间移动，因为一个过滤器覆盖全部通道
layer-spans-group = 它不在通道之间移动，因为一个过滤器覆盖本组的全部通道
layer-spans-one-channel = 它只留在自己的那个通道上
layer-spans-channels-at-once = 同一个卷积核同时放在每个通道上
layer-spans-in-stages = 第一级的卷积核留在自己的通道上；第二级覆盖全部通道，在通道之间无处可移
layer-dilated = 相邻的权重相隔 { $dilation } 个位置：权重个数不变，卷积核看得更远
layer-transposed = 每个输入值乘以整个卷积核，各个乘积加到输出中它们落到的位置上：这是卷积的反方向

## 卷积的两种看法

layer-kernel-of-sides = 卷积核（{ $sides }）
layer-kernel-of-size = 卷积核（长度 { $side }）
layer-and-bias = ，并加上偏置

layer-block = 看成一个 { $rank } 维过滤器：把一块 { $sides }×{ $channels } 的权重放到输入上，{ $products }相加{ $bias }，得到一个输出值
layer-column = 看成 { $kernels }（{ $rank } 维）：每个通道用自己的{ $kernel }过滤，再把 { $results }相加{ $bias }
layer-column-of-group = 看成 { $kernels }（{ $rank } 维）：本组的每个通道用自己的{ $kernel }过滤，再把 { $results }相加{ $bias }
layer-same-sum = 两者是同样的 { $products }之和，只是分组方式不同；Keras 把后者存为前者的切片

layer-block-of-one-channel = 看成一个 { $rank } 维过滤器：过滤器就是它唯一的{ $kernel }，一个输出值是 { $products }之和{ $bias }
layer-column-of-one-channel = 看成独立的卷积核：没有什么可拆的，一个过滤器只有一个通道；要混合各个通道，后面需要接一个 1×1 卷积

layer-block-shared = 看成一个 { $rank } 维过滤器：同一个{ $kernel }的 { $channels } 份副本前后排列，{ $products }相加得到一个输出值{ $bias }
layer-column-shared = 看成 1 个卷积核用 { $channels } 次：每个通道都用它过滤，再把 { $channels } 个结果相加；先把各通道相加，再过滤一次，结果相同
layer-same-sum-shared = 两者是同一个和，只是各项的次序不同

layer-block-in-stages = 看成一个 { $rank } 维过滤器：过滤器 k 相当于一块 { $sides }×{ $channels } 的权重，它在某个通道上的切片等于该通道的卷积核乘以第二级的一个数；所有过滤器共用这些切片
layer-column-in-stages = 看成独立的卷积核：每个通道用自己的{ $kernel }过滤，然后每个过滤器用自己的权重把 { $channels } 个结果相加{ $bias }
layer-same-sum-in-stages = 两者得到同样的和；分成两级所需的乘积少得多

layer-block-spread = 看成一个 { $rank } 维过滤器：从每个输入位置把一块 { $sides }×{ $channels } 的权重铺到输出上；落到一个输出值上的最多有 { $products }，把它们相加{ $bias }
layer-column-spread = 看成 { $kernels }（{ $rank } 维）：每个通道用自己的一个卷积核（{ $size }）铺开，再把 { $results }相加{ $bias }
layer-same-sum-spread = 两者是同一个和，只是分组方式不同；Keras 把后者存为前者的切片

## 其他的层

layer-input-data = 数据从这里进入，形状为 { $shape }；不做计算，也不学习
layer-model-inside = 一个有 { $layers } 层的模型，当作一个层使用
layer-inside = { $layer }（{ $class_name }）：{ $parameters } 个参数
layer-nothing-learned = 没有参数：这里不学习任何东西
layer-counted-parameters = { $parameters }：{ $formula }
layer-units = { $units }：每个单元对 { $inputs }各有一个权重
layer-unit-weights = { $units } × { $inputs } = { $weights }
layer-unit-biases = { $biases }，每个单元一个
layer-term = { $weight }：{ $formula }
layer-term-fixed = { $weight }：{ $formula }，在训练中随时更新，但不由梯度学习

## 其他的层做什么

layer-does-pool-maximum = 逐通道取每个 { $window } 窗口中的最大值，窗口每次移动 { $strides } 个位置
layer-does-pool-mean = 逐通道取每个 { $window } 窗口的平均值，窗口每次移动 { $strides } 个位置
layer-does-global-maximum = 取每个通道在所有位置上的最大值
layer-does-global-mean = 取每个通道在所有位置上的平均值
layer-does-pad = 在每个通道的四周补零
layer-does-crop = 裁掉每个通道边缘的格子
layer-does-repeat-positions = 逐通道重复各个位置
layer-does-interpolate = 逐通道在位置之间插值（{ $how }）
layer-does-dense = 每个单元用自己的权重把全部输入相加：相当于在每个位置做 1×1 卷积
layer-does-normalize-batch = 在批次内把每个通道调整到均值 0、方差 1，再乘以 gamma、加上 beta；训练之后由滑动统计量代替批次的统计量
layer-does-normalize-item = 把每个样本的值调整到均值 0、方差 1，再乘以 gamma、加上 beta
layer-does-learned-slope = 正值不变，负值乘以一个学到的斜率
layer-does-flatten = 把一个样本的所有值排成一行，通道变化最快
layer-does-reshape = 给一个样本的值换上别的轴，次序不变
layer-does-permute = 交换各个轴
layer-does-repeat-row = 重复这一行
layer-does-drop = 训练时随机把一部分值置 0，并放大其余的值；其他时候原样通过
layer-does-rescale = 乘以一个系数，再加上一个偏移
layer-does-add = 把各个输入逐值相加
layer-does-subtract = 从第一个输入中逐值减去第二个输入
layer-does-multiply = 把各个输入逐值相乘
layer-does-average = 逐值取各个输入的平均值
layer-does-maximum = 逐值取各个输入中的最大值
layer-does-minimum = 逐值取各个输入中的最小值
layer-does-concatenate = 沿一个轴把各个输入首尾相接
layer-does-activate = 对每个值应用一个固定的函数；只有 softmax 例外，它使一个轴上的值加起来等于 1
