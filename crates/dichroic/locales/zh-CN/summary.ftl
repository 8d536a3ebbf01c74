# dichroic 在 Keras 的摘要之外添加的内容；Keras 自己的词保持原样。

summary-formula = 算式
summary-multiply-adds = 乘加
summary-flops = FLOPs
summary-activations = 激活值
summary-receptive-field = 感受野
summary-output-stride = 累计步幅
summary-for-one-item = 次（每个输入样本），激活值 { $memory }
