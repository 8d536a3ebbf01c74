# 这个视图问：图片里什么起作用，过滤器在找什么。

why-pictures-only = 这个视图只解释输入为一张图片（一个或三个通道）的模型。请选择别的模型。
why-ask = 问题
why-ask-class = 为什么是这一类？
why-ask-filter = 什么最能激活一个过滤器？

why-class = 类别
why-methods = 方法
why-opacity = 覆盖程度
why-picture = 图片
why-waiting = 排队中
why-running = 计算中
why-progress = 进度
why-cancel = 停止
why-cancelled = 已停止。
why-again = 重新开始
why-not-yet = { $method }，尚未计算。
why-result = { $method } 对 { $class }（得分 { $score }）的解释：颜色越强，该处越重要。
why-looks-at = 依据 { $layer } 的特征图。
why-completeness = 显著图之和为 { $sum }；得分上升了 { $expected }。

why-grad-cam = 按类别对每张特征图的依赖程度给卷积层的特征图加权求和，只保留支持这一类的部分。
why-grad-cam-plus-plus = 对特征图的每个位置单独加权的 Grad-CAM，同类的多个物体都能显出来。
why-saliency = 像素稍微改变时得分改变多少：梯度的大小。
why-smooth-grad = 给图片加少量噪声，多次求显著性再平均，去掉偶然的部分。
why-integrated-gradients = 从全黑图片到这张图片，一路累加梯度；显著图之和就是得分的上升。
why-occlusion = 逐块遮住图片，记录得分下降多少。

why-no-layer = 这个模型没有二维卷积层。
why-maximal = 从噪声开始，一步步改变输入，让过滤器的特征图变大：最后得到的就是过滤器在找的东西。
why-steps = 步数
why-start = 开始
why-maximal-title = { $layer } 的过滤器 { $filter } 在找什么
why-maximal-description = 到目前为止最能激活过滤器的输入。
why-activation = 过滤器求和值的均值（激活之前）
why-ascent = 第 { $step } 步，共 { $steps } 步：{ $activation }
why-step = 步
